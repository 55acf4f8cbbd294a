// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

// far is far more than what is waited for takes.
const far = 30 * time.Second

func init() {
	if os.Getenv(ownerVariable) == "command" {
		beCommandOwner()
	}
}

// beCommandOwner starts a program, tells of it and waits to be killed.
func beCommandOwner() {
	record, err := NewRecord()
	if err == nil {
		var c *Command
		c, err = StartCommand(CommandConfig{
			Name: "server/0", Path: "/bin/sleep", Args: []string{"300"}, Dir: os.TempDir(), Output: &output{}, Record: record,
		})
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(owned{PIDs: []int{c.PID()}})
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// An owner whose test has gone must not stay for ever.
	time.Sleep(5 * time.Minute)
	os.Exit(1)
}

// output keeps what a program writes.
type output struct {
	mu     sync.Mutex
	text   bytes.Buffer
	closed bool
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	return nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until the program has written the text.
func (o *output) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.Now().Add(far)
	tick := time.NewTicker(gonePoll)
	defer tick.Stop()
	for !strings.Contains(o.String(), text) {
		if <-tick.C; time.Now().After(deadline) {
			t.Fatalf("the program wrote %q, want %q", o.String(), text)
		}
	}
}

// command starts a shell script as a command.
func command(t *testing.T, script string, env ...string) (*Command, *output, *timeline.Timeline, *Record) {
	t.Helper()
	ownRecords(t)
	record, err := NewRecord()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = record.Close() })
	out, tl := &output{}, &timeline.Timeline{}
	c, err := StartCommand(CommandConfig{
		Name: "server/0", Path: "/bin/sh", Args: []string{"-c", script}, Env: env, Dir: t.TempDir(),
		Output: out, Record: record, Timeline: tl,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(0); err != nil {
			t.Error(err)
		}
	})
	return c, out, tl, record
}

func processes(tl *timeline.Timeline) []string {
	var what []string
	for _, entry := range timeline.Of[timeline.Process](tl, 0) {
		what = append(what, entry.Fact.String())
	}
	return what
}

func TestCommandRunsAndExits(t *testing.T) {
	c, out, tl, record := command(t, `echo out; echo err >&2; env; pwd; printf unfinished; exit 3`, "A="+oddValue, "HOME=/nowhere")
	select {
	case <-c.Exited():
	case <-time.After(far):
		t.Fatal("it did not exit")
	}
	if c.Running() || c.Status() != "exit status 3" {
		t.Errorf("running %t, status %q, want exit status 3", c.Running(), c.Status())
	}
	text := out.String()
	for _, want := range []string{"out\n", "err\n", "A=" + oddValue + "\n", "HOME=/nowhere\n", c.config.Dir + "\n", "unfinished"} {
		if !strings.Contains(text, want) {
			t.Errorf("it wrote %q, want %q in it", text, want)
		}
	}
	if strings.Contains(text, deadProxy) || strings.Contains(text, "TMPDIR") {
		t.Errorf("it has inherited our environment: %q", text)
	}
	if !out.closed {
		t.Error("the output was not closed")
	}
	if got, want := processes(tl), []string{"server/0 started", "server/0 exited: exit status 3"}; !slices.Equal(got, want) {
		t.Errorf("the timeline has %q, want %q", got, want)
	}
	if left := readRecord(t, record.path).Children; len(left) != 0 {
		t.Errorf("the record still has %+v", left)
	}
	if err := c.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a signal to it: %v, want os.ErrProcessDone", err)
	}
}

func TestCommandStop(t *testing.T) {
	for _, test := range []struct {
		reason, script string
		halt           bool
		grace          time.Duration
		status         string
	}{
		{"one that ends when it is told", `trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.01; done`, false, far, "exit status 7"},
		{"one that is halted is let go on, to end", `trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.01; done`, true, far, "exit status 7"},
		{"one that does not listen is killed", `trap '' TERM; echo up; while :; do sleep 0.01; done`, false, 20 * time.Millisecond, "signal: killed"},
		{"no grace is no question", `trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done`, false, 0, "signal: killed"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			c, out, tl, _ := command(t, test.script)
			out.await(t, "up")
			if test.halt {
				if err := c.id.pause(); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Stop(test.grace); err != nil {
				t.Fatal(err)
			}
			if c.Status() != test.status || running(c.PID()) {
				t.Errorf("status %q, running %t, want %q", c.Status(), running(c.PID()), test.status)
			}
			if got, want := processes(tl), []string{"server/0 started", "server/0 stopped"}; !slices.Equal(got, want) {
				t.Errorf("the timeline has %q, want %q", got, want)
			}
		})
	}
}

// TestCommandTakesItsChildrenWithIt is for programs that are scripts.
func TestCommandTakesItsChildrenWithIt(t *testing.T) {
	for _, test := range []struct {
		reason, script string
		end            func(*Command) error
	}{
		{"stopped", `sleep 300 & echo child $! here; wait`, func(c *Command) error { return c.Stop(0) }},
		{"exits by itself", `sleep 300 & echo child $! here`, func(c *Command) error { <-c.Exited(); return nil }},
	} {
		t.Run(test.reason, func(t *testing.T) {
			c, out, _, _ := command(t, test.script)
			out.await(t, "here")
			pid, err := strconv.Atoi(strings.Fields(out.String())[1])
			if err != nil {
				t.Fatal(err)
			}
			child, there := identify(pid)
			if err := test.end(c); err != nil {
				t.Fatal(err)
			}
			if there {
				if err := child.awaitGone(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestCommandCannotStart(t *testing.T) {
	ownRecords(t)
	record, err := NewRecord()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	start := func(dir string) error {
		_, err := StartCommand(CommandConfig{Name: "server/0", Path: "/bin/true", Dir: dir, Output: &output{}, Record: record})
		return err
	}
	if err := start(filepath.Join(dir, "missing")); err == nil || !strings.Contains(err.Error(), "working directory") {
		t.Errorf("without its directory: %v", err)
	}
	if err := record.Close(); err != nil {
		t.Fatal(err)
	}
	if err := start(dir); err == nil || !strings.Contains(err.Error(), "it is closed") {
		t.Errorf("with a record that is closed: %v", err)
	}
}

// TestShellWaitsForItsOwner holds that nothing runs that no record has.
func TestShellWaitsForItsOwner(t *testing.T) {
	wait, release, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	proof := filepath.Join(t.TempDir(), "ran")
	cmd := exec.Command("/bin/sh", "-c", waitForOwner, "sh", "/usr/bin/touch", proof)
	cmd.ExtraFiles = []*os.File{wait}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = wait.Close()
	_ = release.Close() // as the kernel does when the owner is killed
	if err := cmd.Wait(); err == nil || err.Error() != "exit status 1" {
		t.Errorf("the shell ended with %v, want exit status 1", err)
	}
	if _, err := os.Stat(proof); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the program ran: %v", err)
	}
}

func TestSweepEndsACommand(t *testing.T) {
	ownRecords(t)
	run, kill, reap := startOwner(t, "command", nil)
	if len(run.PIDs) != 1 || !running(run.PIDs[0]) {
		t.Fatalf("the owner has started %v", run.PIDs)
	}
	kill()
	reap()
	if !running(run.PIDs[0]) {
		t.Fatal("the program went with its owner, so that there is nothing to sweep")
	}
	swept, err := Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("server/0 (pid %d)", run.PIDs[0]); !slices.Equal(swept.Processes, []string{want}) || running(run.PIDs[0]) {
		t.Errorf("swept %+v, want %s; running: %t", swept, want, running(run.PIDs[0]))
	}
}

func TestReservedPort(t *testing.T) {
	port, release, err := ReservePort()
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort(loopback, strconv.Itoa(port))
	if conn, err := net.Dial("tcp", address); err == nil {
		_ = conn.Close()
		t.Error("somebody answers at the port")
	}
	release()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("the port is not free again: %v", err)
	}
	_ = listener.Close()
}

// TestReservedPortsDiffer has as many choose at once as replicas of many servers.
func TestReservedPortsDiffer(t *testing.T) {
	const reservations = 200
	var (
		wait  sync.WaitGroup
		mu    sync.Mutex
		ports = map[int]bool{}
	)
	for range reservations {
		wait.Go(func() {
			port, release, err := ReservePort()
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(release)
			mu.Lock()
			defer mu.Unlock()
			ports[port] = true
		})
	}
	wait.Wait()
	if len(ports) != reservations {
		t.Errorf("%d reservations got %d ports", reservations, len(ports))
	}
}

var _ io.WriteCloser = (*output)(nil)
