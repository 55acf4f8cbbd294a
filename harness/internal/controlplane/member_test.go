// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

// TestStopStartPauseResume takes one of three kube-apiservers through all its
// states, and stops the control plane with one stopped and one paused.
func TestStopStartPauseResume(t *testing.T) {
	cfg := realConfig(t)
	cfg.APIServers = []APIServer{{}, {Flags: map[string]string{"max-requests-inflight": "411"}}, {}}
	c := start(t, cfg)
	if err := c.WaitSettled(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := c.APIServers()[1]

	refuses(t, c, []refusal{
		{"no such one", func() error { return c.StopAPIServer(t.Context(), 3) }, "stop kube-apiserver 3: there are 3, counted from 0"},
		{"none below 0", func() error { return c.PauseAPIServer(-1) }, "pause kube-apiserver -1: there are 3, counted from 0"},
		{"it runs", func() error { return c.StartAPIServer(t.Context(), 1) }, "start kube-apiserver-1: it runs already"},
		{"it is not paused", func() error { return c.ResumeAPIServer(1) }, "resume kube-apiserver-1: it is running, not paused"},
	})

	if err := c.StopAPIServer(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if running(first.PID()) || c.State(1) != Stopped {
		t.Errorf("it is %s, and process %d runs: %t", c.State(1), first.PID(), running(first.PID()))
	}
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(first.URL(), "https://"), time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a connection to it gets %v, want a refusal", err)
	}
	for _, i := range []int{0, 2} {
		if code, body := ask(t, c, c.APIServers()[i], http.MethodGet, "/readyz", ""); code != http.StatusOK {
			t.Errorf("kube-apiserver-%d: %d %s", i, code, body)
		}
	}
	if err := c.WaitSettled(t.Context()); err != nil {
		t.Errorf("the others are settled: %v", err)
	}
	refuses(t, c, []refusal{
		{"stopped twice", func() error { return c.StopAPIServer(t.Context(), 1) }, "stop kube-apiserver-1: it is stopped already"},
		{"nothing to halt", func() error { return c.PauseAPIServer(1) }, "pause kube-apiserver-1: it is stopped"},
		{"nothing to go on", func() error { return c.ResumeAPIServer(1) }, "resume kube-apiserver-1: it is stopped, not paused"},
	})

	earlier := len(readLines(first.Log()))
	if err := c.StartAPIServer(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	second := c.APIServers()[1]
	if second.PID() == first.PID() || second.URL() != first.URL() {
		t.Errorf("was process %d at %s, is %d at %s", first.PID(), first.URL(), second.PID(), second.URL())
	}
	if line := commandLine(second.PID()); !strings.Contains(line, "--max-requests-inflight=411") {
		t.Errorf("its flags are lost: %s", line)
	}
	if code, body := ask(t, c, second, http.MethodGet, "/readyz", ""); code != http.StatusOK {
		t.Errorf("it is not ready: %d %s", code, body)
	}
	if lines := readLines(second.Log()); len(lines) <= earlier {
		t.Errorf("the log has %d lines, and had %d: an earlier life is lost", len(lines), earlier)
	}
	if own := second.own(); len(own) == 0 || len(own) > len(readLines(second.Log()))-earlier {
		t.Errorf("%d lines count as its own, of %d, of which %d are of its earlier life", len(own), len(readLines(second.Log())), earlier)
	}

	if err := c.PauseAPIServer(1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // an answer takes a few
	defer cancel()
	if err := c.prober.probe(ctx, second.URL()+settledPath); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while it is paused a request gets %v", err)
	}
	refuses(t, c, []refusal{
		{"paused twice", func() error { return c.PauseAPIServer(1) }, "pause kube-apiserver-1: it is paused"},
		{"it is there", func() error { return c.StartAPIServer(t.Context(), 1) }, "start kube-apiserver-1: it is paused: resume it instead"},
	})
	if err := c.ResumeAPIServer(1); err != nil {
		t.Fatal(err)
	}
	if code, body := ask(t, c, second, http.MethodGet, "/readyz", ""); code != http.StatusOK {
		t.Errorf("resumed: %d %s", code, body)
	}

	// One that exits by itself can be started again.
	if err := second.id.kill(); err != nil {
		t.Fatal(err)
	}
	<-second.Exited()
	refuses(t, c, []refusal{
		{"nobody is left to halt", func() error { return c.PauseAPIServer(1) }, "pause kube-apiserver-1: it has exited"},
	})
	if err := c.StartAPIServer(t.Context(), 1); err != nil {
		t.Fatal(err)
	}

	// A paused one can be stopped.
	if err := errors.Join(c.PauseAPIServer(1), c.StopAPIServer(t.Context(), 1), c.PauseAPIServer(2)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the stop took %s", took)
	}
	assertStopped(t, cfg.Timeline)
	if err := c.StartAPIServer(t.Context(), 1); !errors.Is(err, errEnding) {
		t.Errorf("started after the end: %v", err)
	}
	var said []string
	for _, entry := range timeline.Of[timeline.Process](cfg.Timeline, 0) {
		if entry.Fact.Name == "kube-apiserver-1" {
			what, _, _ := strings.Cut(entry.Fact.What, ":")
			said = append(said, what)
		}
	}
	want := []string{"started", "ready", "stopped", "started", "ready", "exited", "started", "ready", "stopped"}
	if !slices.Equal(said, want) {
		t.Errorf("the timeline says %q, want %q", said, want)
	}
}

// refusal is a call that must fail, and with what.
type refusal struct {
	reason string
	call   func() error
	want   string
}

// refuses makes the calls, none of which may change anything.
func refuses(t *testing.T, c *ControlPlane, calls []refusal) {
	t.Helper()
	states := func() (states []State) {
		for i := range c.servers {
			states = append(states, c.State(i))
		}
		return states
	}
	before := states()
	for _, test := range calls {
		if err := test.call(); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", test.reason, err, test.want)
		}
	}
	if after := states(); !slices.Equal(before, after) {
		t.Errorf("were %v, are %v", before, after)
	}
}

// TestStartAPIServerInVain has a kube-apiserver that does not come back.
func TestStartAPIServerInVain(t *testing.T) {
	cfg := realConfig(t)
	cfg.APIServers = []APIServer{{}, {}}
	c := start(t, cfg)
	if err := c.StopAPIServer(t.Context(), 1); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, errors.New("no more time")) // too short for any kube-apiserver
	defer cancel()
	if err := c.StartAPIServer(ctx, 1); err == nil || !strings.Contains(err.Error(), "start kube-apiserver-1: no more time") {
		t.Errorf("got %v", err)
	}
	if c.State(1) != Stopped {
		t.Errorf("it is %s", c.State(1))
	}

	ca := c.layout.file("kube-apiserver-1", clientCA)
	if err := os.WriteFile(ca, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	var crash *CrashError
	if err := c.StartAPIServer(t.Context(), 1); !errors.As(err, &crash) || crash.Process != "kube-apiserver-1" || !strings.Contains(err.Error(), "client-ca") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(ca, cfg.PKI.ClientCA, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.StartAPIServer(t.Context(), 1); err != nil {
		t.Errorf("mended: %v", err)
	}

	// A start ends with the control plane.
	if err := c.StopAPIServer(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	mark := cfg.Timeline.Mark()
	started := make(chan struct{}, 1)
	defer cfg.Timeline.Listen(func(entry timeline.Entry) {
		if process, ok := entry.Fact.(timeline.Process); ok && process.What == "started" {
			started <- struct{}{}
		}
	})()
	ended := make(chan error, 1)
	go func() { ended <- c.StartAPIServer(context.Background(), 1) }()
	<-started
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, errEnding) {
		t.Errorf("a start when the control plane ends: %v", err)
	}
	if facts := timeline.Of[timeline.Process](cfg.Timeline, mark); len(facts) == 0 {
		t.Error("nothing was started, so that nothing was shown")
	}
	assertStopped(t, cfg.Timeline)
}

// TestHeldPort shows what a stopped kube-apiserver's port is to others.
func TestHeldPort(t *testing.T) {
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	release, err := holdPort(ports[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", hostPort(ports[0])); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a connection gets %v, want a refusal", err)
	}
	if heldPortCanBeTaken {
		listener, err := net.Listen("tcp", hostPort(ports[0]))
		if err != nil {
			t.Fatalf("its owner cannot listen: %v", err)
		}
		if _, err := holdPort(ports[0]); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a port in use was held: %v", err)
		}
		_ = listener.Close()
	}
	release()
	listener, err := net.Listen("tcp", hostPort(ports[0]))
	if err != nil {
		t.Fatalf("released and not free: %v", err)
	}
	_ = listener.Close()
}

func TestSetFrontProxyReachesTheFiles(t *testing.T) {
	c := shared.get(t)
	before := shared.cfg.PKI.FrontProxy
	t.Cleanup(func() {
		if err := c.SetFrontProxy(0, before); err != nil {
			t.Error(err)
		}
	})
	// Any other pair will do.
	if err := c.SetFrontProxy(0, shared.cfg.PKI.Admin); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{frontProxyCert: shared.cfg.PKI.Admin.Cert, frontProxyKey: shared.cfg.PKI.Admin.Key} {
		if got, err := os.ReadFile(c.layout.file("kube-apiserver-0", name)); err != nil || string(got) != string(want) {
			t.Errorf("%s is not the new one: %v", name, err)
		}
	}
	left, err := filepath.Glob(c.layout.file("kube-apiserver-0", "*"+unfinished))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	if err := c.SetFrontProxy(1, before); err == nil || err.Error() != "set the front-proxy certificate of kube-apiserver 1: there are 1, counted from 0" {
		t.Errorf("got %v", err)
	}
}

func TestMemory(t *testing.T) {
	server := shared.get(t).APIServers()[0]
	// kube-apiserver takes 200 to 400 MB.
	if got := server.Memory(); got < 50<<20 || got > 4<<30 {
		t.Errorf("kube-apiserver has %d bytes", got)
	}
	if got := memory(1 << 30); got != 0 {
		t.Errorf("no process has %d bytes", got)
	}
}

// TestSweepAfterAKilledControlPlaneWithAPausedChild: the kernel may continue,
// and hang up on, a halted child whose parent has gone, or leave it halted.
// Either way none may stay.
func TestSweepAfterAKilledControlPlaneWithAPausedChild(t *testing.T) {
	cfg := realConfig(t)
	cfg.Timeline = nil
	input, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	run, kill, reap := startOwner(t, "pausedcontrolplane", strings.NewReader(string(input)))
	if len(run.PIDs) != 2 || !halted(run.PIDs[1]) {
		t.Fatalf("the owner has children %v, and the second of two should be halted", run.PIDs)
	}
	kill()
	reap()
	swept, err := Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if swept.Runs != 1 || len(swept.Paths) != 1 {
		t.Errorf("swept %+v", swept)
	}
	for _, pid := range run.PIDs {
		if running(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
}
