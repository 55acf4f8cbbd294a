// SPDX-License-Identifier: Apache-2.0

package interrupt

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/aggtest/aggtest/harness/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAlive(t *testing.T) {
	process := func(what string, pid int) timeline.Fact {
		return timeline.Process{Name: "etcd", What: what, PID: pid}
	}
	for _, tc := range []struct {
		reason string
		facts  []timeline.Fact
		want   []int
	}{
		{reason: "no child was started"},
		{
			reason: "a child that is ready is still there",
			facts:  []timeline.Fact{process("started", 12), process("ready", 12)},
			want:   []int{12},
		},
		{
			reason: "a child that was stopped, and one that crashed, are not",
			facts: []timeline.Fact{
				process("started", 12), process("started", 13), process("started", 14),
				process("stopped", 12), process("exited: no space left", 14),
			},
			want: []int{13},
		},
		{
			reason: "0 is not a process but our own group, and 1 is never a child",
			facts:  []timeline.Fact{process("started", 0), process("started", 1)},
		},
	} {
		tl := &timeline.Timeline{}
		for _, fact := range tc.facts {
			tl.Record(fact)
		}
		if got := alive(tl); !slices.Equal(got, tc.want) {
			t.Errorf("%s: alive() = %v, want %v", tc.reason, got, tc.want)
		}
	}
}

func TestContext(t *testing.T) {
	child := exec.Command("sleep", "600")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	tl := &timeline.Timeline{}
	tl.Record(timeline.Process{Name: "etcd", What: "started", PID: child.Process.Pid})

	first := make(chan syscall.Signal, 1)
	gaveUp := make(chan syscall.Signal, 1)
	ctx, stop := Context(context.Background(), Config{
		Timelines: Of(tl),
		First:     func(s syscall.Signal) { first <- s },
		GiveUp:    func(s syscall.Signal) { gaveUp <- s },
	})
	defer stop()
	if err := ctx.Err(); err != nil {
		t.Fatalf("before any signal: %v", err)
	}

	send(t, syscall.SIGTERM)
	<-ctx.Done()
	var cause *Signal
	if !errors.As(context.Cause(ctx), &cause) || cause.Signal != syscall.SIGTERM {
		t.Errorf("the cause is %v, want SIGTERM", context.Cause(ctx))
	}
	if got := <-first; got != syscall.SIGTERM {
		t.Errorf("First was told of %v", got)
	}

	send(t, syscall.SIGINT)
	if got := <-gaveUp; got != syscall.SIGINT {
		t.Errorf("GiveUp was told of %v", got)
	}
	var exit *exec.ExitError
	if err := child.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the child ended with %v, want it killed", err)
	}
	stop()
	stop()
}

func send(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), signal); err != nil {
		t.Fatal(err)
	}
}
