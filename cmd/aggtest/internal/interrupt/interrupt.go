// SPDX-License-Identifier: Apache-2.0

// Package interrupt ends a run at a signal, and at a second one at once.
package interrupt

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/aggtest/aggtest/harness/timeline"
)

// Signal is the cause of a context that a signal ended.
type Signal struct {
	Signal syscall.Signal
}

func (s *Signal) Error() string { return "interrupted by " + unix.SignalName(s.Signal) }

// Unwrap lets those who only ask whether they were cancelled know that they were.
func (s *Signal) Unwrap() error { return context.Canceled }

// Config says what to do at signals.
type Config struct {
	// Timelines know the child processes. At the second signal those that have
	// not ended are killed. Nil means that there are none.
	Timelines func() []*timeline.Timeline
	// First is called at the first signal. Nil means nothing.
	First func(syscall.Signal)
	// GiveUp is called after the second signal, when the children are killed. It
	// should not return. Nil means that the process exits with 128 and the
	// signal's number.
	GiveUp func(syscall.Signal)
}

// Of is for a single timeline.
func Of(tl *timeline.Timeline) func() []*timeline.Timeline {
	return func() []*timeline.Timeline { return []*timeline.Timeline{tl} }
}

// Context gives a context that ends with a [*Signal] as its cause at the first
// SIGINT or SIGTERM, so that the caller can put things in order. A second signal
// is for a person who does not want to wait for that. stop takes the handler
// away and waits for its goroutine.
func Context(parent context.Context, cfg Config) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		cfg.handle(signals, done, cancel)
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(signals)
		close(done)
		<-ended
		cancel(nil)
	})
}

func (cfg Config) handle(signals <-chan os.Signal, done <-chan struct{}, cancel context.CancelCauseFunc) {
	for seen := 0; ; seen++ {
		select {
		case <-done:
			return
		case received := <-signals:
			// Only these are asked for.
			number := received.(syscall.Signal)
			if seen > 0 {
				cfg.killChildren()
				cfg.giveUp(number)
				return
			}
			if cfg.First != nil {
				cfg.First(number)
			}
			cancel(&Signal{number})
		}
	}
}

func (cfg Config) giveUp(number syscall.Signal) {
	if cfg.GiveUp != nil {
		cfg.GiveUp(number)
		return
	}
	fmt.Fprintln(os.Stderr, "aggtest: interrupted again; the next run removes the files that are left")
	os.Exit(128 + int(number))
}

func (cfg Config) killChildren() {
	if cfg.Timelines == nil {
		return
	}
	for _, tl := range cfg.Timelines() {
		KillChildren(tl)
	}
}

// KillChildren kills each child process that the timeline says has started and
// not ended.
func KillChildren(tl *timeline.Timeline) {
	for _, pid := range alive(tl) {
		// A child that has gone meanwhile is no error.
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// alive gives the process ids of the children that have not ended.
func alive(tl *timeline.Timeline) []int {
	running := map[int]bool{}
	var order []int
	for _, entry := range timeline.Of[timeline.Process](tl, 0) {
		switch pid := entry.Fact.PID; entry.Fact.What {
		case "started":
			running[pid] = true
			order = append(order, pid)
		case "ready":
		default:
			delete(running, pid)
		}
	}
	var pids []int
	for _, pid := range order {
		// A child whose id could not be read has 0, which kill would take for our
		// own process group.
		if running[pid] && pid > 1 {
			pids = append(pids, pid)
		}
	}
	return pids
}
