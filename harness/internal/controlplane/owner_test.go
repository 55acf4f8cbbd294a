// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// ownerVariable makes the test binary an owner of a run, for a test to kill.
const ownerVariable = "AGGTEST_TEST_OWNER"

// owned is what an owner tells of its run.
type owned struct {
	PIDs  []int
	Paths []string
}

// beOwner makes a run, tells about it, and waits to be killed.
func beOwner(role string) {
	var run owned
	var err error
	switch role {
	case "sleepers":
		run, err = ownSleepers()
	case "controlplane":
		run, err = ownControlPlane(func(*ControlPlane) error { return nil })
	case "pausedcontrolplane":
		run, err = ownControlPlane(func(c *ControlPlane) error { return c.PauseAPIServer(0) })
	default:
		err = fmt.Errorf("no role %q", role)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(run)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// An owner whose test has gone must not stay for ever.
	time.Sleep(5 * time.Minute)
	os.Exit(1)
}

func ownSleepers() (owned, error) {
	var run owned
	record, err := NewRecord()
	if err != nil {
		return run, err
	}
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		return run, err
	}
	run.Paths = []string{filepath.Join(dir, "folder"), filepath.Join(dir, "socket")}
	if err := os.MkdirAll(filepath.Join(run.Paths[0], "below"), 0o700); err != nil {
		return run, err
	}
	if err := os.WriteFile(run.Paths[1], nil, 0o600); err != nil {
		return run, err
	}
	for _, path := range append(run.Paths, dir) {
		if err := record.AddPath(path); err != nil {
			return run, err
		}
	}
	for i := range 2 {
		sleeper := exec.Command("sleep", "300")
		if err := sleeper.Start(); err != nil {
			return run, err
		}
		if err := record.AddProcess(fmt.Sprintf("sleeper-%d", i), sleeper.Process.Pid); err != nil {
			return run, err
		}
		run.PIDs = append(run.PIDs, sleeper.Process.Pid)
	}
	return run, nil
}

func ownControlPlane(then func(*ControlPlane) error) (owned, error) {
	var run owned
	var cfg Config
	if err := json.NewDecoder(os.Stdin).Decode(&cfg); err != nil {
		return run, err
	}
	c, err := Start(context.Background(), cfg)
	if err != nil {
		return run, err
	}
	run.Paths = []string{c.Dir()}
	for _, process := range c.processes() {
		run.PIDs = append(run.PIDs, process.PID())
	}
	return run, then(c)
}

// startOwner starts an owner in a process of its own, and returns what it has
// made and how to kill it. Until it is reaped a killed process is a zombie.
func startOwner(t *testing.T, role string, input io.Reader) (run owned, kill, reap func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), ownerVariable+"="+role)
	cmd.Stdin, cmd.Stderr = input, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() { _ = cmd.Process.Kill() }
	reap = func() { _ = cmd.Wait() }
	t.Cleanup(func() { kill(); reap() })
	if err := json.NewDecoder(out).Decode(&run); err != nil {
		t.Fatalf("the owner did not tell of its run: %v", err)
	}
	return run, kill, reap
}

func running(pid int) bool {
	_, ok := identify(pid)
	return ok
}
