// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

const (
	// pollEvery is how often a subject is looked at where no watch tells of a
	// change. A proxied request takes a millisecond or two, so that ten a second
	// cost nothing, and a scenario's times are in seconds.
	pollEvery = 100 * time.Millisecond
	// kubectlEvery is the same for kubectl, of which each run is a process that
	// uses a processor for a tenth of a second or two.
	kubectlEvery = 250 * time.Millisecond
	// lookLimit bounds one look. kube-apiserver ends a request after 60 s by
	// itself (k8s.io/apiserver@v0.37.2/pkg/server/config.go:453) and its answer
	// then is what a scenario may want to see.
	lookLimit = 65 * time.Second
)

// timing is when something must hold. With neither it must hold now.
type timing struct {
	within, stays time.Duration
}

func timingOf(e *v1alpha1.Expectation) timing {
	return timing{within: time.Duration(e.Within), stays: time.Duration(e.For)}
}

func (t timing) String() string {
	switch {
	case t.within > 0 && t.stays > 0:
		return fmt.Sprintf("within %s, then for %s", t.within, t.stays)
	case t.within > 0:
		return fmt.Sprintf("within %s", t.within)
	case t.stays > 0:
		return fmt.Sprintf("for %s", t.stays)
	}
	return "now"
}

// subject is something that can be looked at.
type subject struct {
	// look looks once. It must return soon after its context ends.
	look func(context.Context) sight
	// changed gives a channel that is closed at the next change. Nil when only
	// polling tells.
	changed func() <-chan struct{}
	// every is the longest time between two looks.
	every time.Duration
}

// verdict is what became of an expectation.
type verdict struct {
	held bool
	// reason says why it did not hold. Nil when it did.
	reason error
	took   time.Duration
	// became is when it was first seen to hold.
	became time.Time
	// last is what was seen last, and lastFor for how long it was seen.
	last    sight
	lastFor time.Duration
}

// errRanOut ends looks that are under way when the time is over.
var errRanOut = errors.New("time ran out")

// watch looks at the subject until it is known whether it holds as the timing
// asks. It returns early when waiting cannot help, and when ctx ends, whose
// cause is then the reason.
func watch(ctx context.Context, when timing, s subject) verdict {
	w := &watcher{subject: s, began: time.Now()}
	err := w.becomes(ctx, when.within)
	became := time.Now()
	if err == nil && when.stays > 0 {
		err = w.stays(ctx, when.stays)
	}
	now := time.Now()
	v := verdict{held: err == nil, reason: err, took: now.Sub(w.began), became: became, last: w.last}
	if w.looked {
		v.lastFor = now.Sub(w.since)
	}
	return v
}

// watcher remembers what was seen of a subject.
type watcher struct {
	subject
	began  time.Time
	looked bool
	last   sight
	since  time.Time
}

// saw remembers a sight, and since when it has been so.
func (w *watcher) saw(now sight) {
	if !w.looked || now.state != w.last.state || now.through != w.last.through {
		w.since = time.Now()
	}
	w.looked, w.last = true, now
}

// becomes returns nil as soon as the subject holds. With no time to become so,
// it looks once.
func (w *watcher) becomes(ctx context.Context, within time.Duration) error {
	if within == 0 {
		w.saw(w.lookOnce(ctx))
		if err := w.wrong(ctx, "it does not hold now"); err != nil {
			return err
		}
		return nil
	}
	bounded, cancel := context.WithTimeoutCause(ctx, within, errRanOut)
	defer cancel()
	for {
		change := w.change()
		now := w.lookOnce(bounded)
		// A look that was cut short says nothing of the subject, unless there is
		// nothing better to say.
		if now.held || bounded.Err() == nil || !w.looked {
			w.saw(now)
		}
		if w.last.held {
			return nil
		}
		if w.last.never {
			return fmt.Errorf("it cannot become so by waiting")
		}
		if !w.wait(bounded, change) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("it did not become so within %s", within)
		}
	}
}

// stays returns nil when the subject held at every look for the time given. It
// was seen to hold just before.
func (w *watcher) stays(ctx context.Context, long time.Duration) error {
	began := time.Now()
	bounded, cancel := context.WithTimeoutCause(ctx, long, errRanOut)
	defer cancel()
	for over := false; !over; {
		over = !w.wait(bounded, w.change())
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		// The last look, at the end of the time, is one too.
		w.saw(w.lookOnce(ctx))
		if err := w.wrong(ctx, fmt.Sprintf("it stopped holding after %s, and must hold for %s", time.Since(began).Round(time.Millisecond), long)); err != nil {
			return err
		}
	}
	return nil
}

func (w *watcher) wrong(ctx context.Context, text string) error {
	switch {
	case w.last.held:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return errors.New(text)
}

func (w *watcher) lookOnce(ctx context.Context) sight {
	bounded, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	return w.look(bounded)
}

func (w *watcher) change() <-chan struct{} {
	if w.changed == nil {
		return nil
	}
	return w.changed()
}

// wait returns true when it is time to look again, and false when ctx ended.
func (w *watcher) wait(ctx context.Context, change <-chan struct{}) bool {
	timer := time.NewTimer(w.every)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-change:
	case <-timer.C:
	}
	return ctx.Err() == nil
}
