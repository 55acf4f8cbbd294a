// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/internal/controlplane"
	"github.com/aggtest/aggtest/harness/timeline"
)

// ownerVariable makes the test binary the owner of a cluster with a command.
const ownerVariable = "AGGTEST_TEST_COMMAND_OWNER"

func init() {
	if os.Getenv(ownerVariable) != "" {
		beOwner()
	}
}

// ownedByAnother is what an owner tells of what it has started.
type ownedByAnother struct {
	Dir  string
	PIDs []int
}

// beOwner boots a cluster with a server, tells of it and waits to be killed.
func beOwner() {
	cluster, err := harness.New(context.Background(), harness.Config{})
	var server *harness.Server
	if err == nil {
		server, err = cluster.Install(context.Background(), harness.ServerConfig{Name: "orphan", Replicas: 2, Command: testProgram("orphan", "")})
	}
	if err == nil {
		own := ownedByAnother{Dir: cluster.Dir()}
		for _, process := range slices.Concat(cluster.Processes(), server.Processes()) {
			own.PIDs = append(own.PIDs, process.PID)
		}
		err = json.NewEncoder(os.Stdout).Encode(own)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		if cluster != nil {
			_ = cluster.Close()
		}
		os.Exit(1)
	}
	// An owner whose test has gone must not stay for ever.
	time.Sleep(5 * time.Minute)
	os.Exit(1)
}

// TestCommandsOfAKilledOwnerAreSwept kills a process that has a cluster, and
// looks whether the next cluster ends what that has left.
func TestCommandsOfAKilledOwnerAreSwept(t *testing.T) {
	// Not t.TempDir, whose path is too long for the sockets below it.
	temp, err := os.MkdirTemp("", "cs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(temp) })
	t.Setenv("TMPDIR", temp)
	t.Cleanup(func() {
		// For a test that fails before the next cluster has swept.
		if _, err := controlplane.Sweep(context.Background()); err != nil {
			t.Error(err)
		}
	})
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), ownerVariable+"=1")
	owner.Stderr = os.Stderr
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	var own ownedByAnother
	err = json.NewDecoder(out).Decode(&own)
	_ = owner.Process.Kill()
	_ = owner.Wait()
	if err != nil {
		t.Fatalf("the owner did not tell of its run: %v", err)
	}
	if len(own.PIDs) != 4 {
		t.Errorf("the owner had the processes %v, want etcd, a kube-apiserver and two replicas", own.PIDs)
	}
	for _, pid := range own.PIDs {
		if err := syscall.Kill(pid, 0); err != nil {
			t.Errorf("process %d went with its owner, so that there is nothing to sweep: %v", pid, err)
		}
	}
	tl := &timeline.Timeline{}
	harness.Start(t, harness.Config{Timeline: tl})
	var swept []string
	for _, action := range timeline.Of[timeline.Action](tl, 0) {
		if strings.HasPrefix(action.Fact.What, "sweep") {
			swept = append(swept, action.Fact.String())
		}
	}
	if want := []string{"sweep what 1 ended runs had left: 4 processes, 1 paths"}; !slices.Equal(swept, want) {
		t.Errorf("the next cluster swept %q, want %q", swept, want)
	}
	for _, pid := range own.PIDs {
		gone(t, pid)
	}
	if _, err := os.Stat(own.Dir); !os.IsNotExist(err) {
		t.Errorf("the directory of the killed run is still there: %v", err)
	}
}
