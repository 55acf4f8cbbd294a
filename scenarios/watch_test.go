// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// story is what looks see as time goes by: each chapter from its moment on.
type story []chapter

type chapter struct {
	from time.Duration
	sight
}

func (s story) subject(began time.Time) subject {
	return subject{every: pollEvery, look: func(context.Context) sight {
		now := time.Since(began)
		var seen sight
		for _, chapter := range s {
			if chapter.from <= now {
				seen = chapter.sight
			}
		}
		return seen
	}}
}

func TestWatch(t *testing.T) {
	tests := []struct {
		name    string
		when    timing
		story   story
		held    bool
		took    time.Duration
		why     string
		last    string
		lastFor time.Duration
		reason  string
	}{
		{
			name: "now, and so it is", story: story{{0, holds()}}, held: true,
			reason: "one look decides",
		},
		{
			name: "now, and not yet", story: story{{0, notYet("503")}, {time.Millisecond, holds()}},
			why: "it does not hold now", last: "503",
			reason: "now does not wait, though it would come a moment later",
		},
		{
			name: "within, false first", when: timing{within: 10 * time.Second},
			story: story{{0, notYet("missing")}, {4 * time.Second, holds()}}, held: true, took: 4 * time.Second,
			reason: "the poller must look again after a look that did not hold",
		},
		{
			name: "within, too late", when: timing{within: 10 * time.Second},
			story: story{{0, notYet("missing")}, {3 * time.Second, notYet("503")}, {11 * time.Second, holds()}},
			took:  10 * time.Second, why: "it did not become so within 10s", last: "503", lastFor: 7 * time.Second,
			reason: "the last state is told with the time for which it was seen",
		},
		{
			name: "within, never", when: timing{within: 10 * time.Second},
			story: story{{0, notYet("missing")}, {2 * time.Second, never("no such field")}, {3 * time.Second, holds()}},
			took:  2 * time.Second, why: "it cannot become so by waiting", last: "no such field",
			reason: "what waiting cannot help fails at once",
		},
		{
			name: "for, to the end", when: timing{stays: 5 * time.Second}, story: story{{0, holds()}}, held: true, took: 5 * time.Second,
			reason: "it must hold for the whole time",
		},
		{
			name: "for, not at first", when: timing{stays: 5 * time.Second}, story: story{{0, notYet("503")}, {time.Second, holds()}},
			why: "it does not hold now", last: "503",
			reason: "without within it must hold from the first look",
		},
		{
			name: "for, broken", when: timing{stays: 5 * time.Second},
			story: story{{0, holds()}, {3 * time.Second, notYet("503")}}, took: 3 * time.Second,
			why: "it stopped holding after 3s, and must hold for 5s", last: "503",
			reason: "one look that does not hold is enough",
		},
		{
			name: "within and for", when: timing{within: 10 * time.Second, stays: 5 * time.Second},
			story: story{{0, notYet("missing")}, {2 * time.Second, holds()}}, held: true, took: 7 * time.Second,
			reason: "the time to stay so begins when it became so",
		},
		{
			name: "within and for, it flaps", when: timing{within: 10 * time.Second, stays: 5 * time.Second},
			story: story{{0, holds()}, {1 * time.Second, notYet("503")}, {2 * time.Second, holds()}}, took: time.Second,
			why: "it stopped holding after 1s, and must hold for 5s", last: "503",
			reason: "once it has become so it must stay so, though there was time left to become so again",
		},
		{
			name: "for, at the very end", when: timing{stays: 5 * time.Second},
			story: story{{0, holds()}, {5 * time.Second, notYet("503")}}, took: 5 * time.Second,
			why: "it stopped holding after 5s, and must hold for 5s", last: "503",
			reason: "the end of the time belongs to it",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := watch(t.Context(), test.when, test.story.subject(time.Now()))
				if v.held != test.held {
					t.Fatalf("held %t, want %t: %s (%v)", v.held, test.held, test.reason, v.reason)
				}
				if v.took != test.took {
					t.Errorf("took %s, want %s: %s", v.took, test.took, test.reason)
				}
				why := ""
				if v.reason != nil {
					why = v.reason.Error()
				}
				if why != test.why {
					t.Errorf("reason %q, want %q: %s", why, test.why, test.reason)
				}
				if v.last.state != test.last && !test.held {
					t.Errorf("last saw %q, want %q: %s", v.last.state, test.last, test.reason)
				}
				if v.lastFor != test.lastFor && !test.held {
					t.Errorf("saw it for %s, want %s: %s", v.lastFor, test.lastFor, test.reason)
				}
			})
		})
	}
}

func TestWatchLooksAtAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		change := make(chan struct{})
		looks := 0
		s := subject{
			every:   time.Hour,
			changed: func() <-chan struct{} { return change },
			look: func(context.Context) sight {
				if looks++; looks == 1 {
					time.AfterFunc(3*time.Second, func() { close(change) })
					return notYet("missing")
				}
				return holds()
			},
		}
		v := watch(t.Context(), timing{within: time.Minute}, s)
		if !v.held || v.took != 3*time.Second {
			t.Errorf("held %t after %s, want true after 3s: a change is looked at when it comes, not an hour later", v.held, v.took)
		}
	})
}

func TestWatchIsCutShort(t *testing.T) {
	cause := errors.New("somebody pulled the plug")
	hang := func(ctx context.Context) sight {
		<-ctx.Done()
		return notYet("cut short")
	}
	tests := []struct {
		name   string
		when   timing
		look   func(context.Context) sight
		last   string
		reason string
	}{
		{"while becoming so", timing{within: time.Minute}, func(context.Context) sight { return notYet("503") }, "503",
			"the cause of the context is the reason, not that time ran out"},
		{"while staying so", timing{stays: time.Minute}, func(context.Context) sight { return holds() }, "",
			"a wait that was given up did not hold"},
		{"in the only look", timing{}, hang, "cut short", "there is nothing better to tell"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(2*time.Second, func() { cancel(cause) })
				v := watch(ctx, test.when, subject{every: pollEvery, look: test.look})
				if v.held || !errors.Is(v.reason, cause) {
					t.Errorf("held %t with reason %v, want %v: %s", v.held, v.reason, cause, test.reason)
				}
				if v.took != 2*time.Second {
					t.Errorf("took %s, want 2s", v.took)
				}
				if v.last.state != test.last {
					t.Errorf("last saw %q, want %q", v.last.state, test.last)
				}
			})
		})
	}
}

func TestWatchForgetsALookThatWasCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		v := watch(t.Context(), timing{within: 5 * time.Second}, subject{every: pollEvery, look: func(ctx context.Context) sight {
			if looks++; looks == 1 {
				return notYet("503")
			}
			<-ctx.Done()
			return notYet("context deadline exceeded")
		}})
		if v.held || v.last.state != "503" || v.took != 5*time.Second {
			t.Errorf("held %t, last %q, after %s; want the 503 that was seen, after 5s", v.held, v.last.state, v.took)
		}
	})
}

func TestTimingString(t *testing.T) {
	tests := []struct {
		when timing
		want string
	}{
		{timing{}, "now"},
		{timing{within: 10 * time.Second}, "within 10s"},
		{timing{stays: time.Minute}, "for 1m0s"},
		{timing{within: 500 * time.Millisecond, stays: 2 * time.Second}, "within 500ms, then for 2s"},
	}
	for _, test := range tests {
		if got := test.when.String(); got != test.want {
			t.Errorf("%+v reads %q, want %q", test.when, got, test.want)
		}
	}
}
