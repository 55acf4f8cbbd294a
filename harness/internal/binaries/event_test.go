// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestReporterMoves: a step in which nothing happens is reported all the same,
// at least once a second.
func TestReporterMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []Event
		r := &reporter{tell: func(e Event) { events = append(events, e) }}
		end := r.step(Event{Text: "compiling", Unit: "packages", Total: 3})
		time.Sleep(10*time.Second + time.Millisecond)
		r.update(func(e *Event) { e.Done = 3 })
		end()
		end()
		var last time.Duration
		for _, e := range events {
			if e.Elapsed-last > time.Second {
				t.Errorf("nothing was said between %v and %v", last, e.Elapsed)
			}
			last = e.Elapsed
		}
		if first, final := events[0], events[len(events)-1]; first.Elapsed != 0 || final.Done != 3 || final.Elapsed < 10*time.Second {
			t.Errorf("the first is %v, the last is %v", first, final)
		}
		if want := 2 + int(10*time.Second/reportInterval); len(events) != want {
			t.Errorf("%d events, want %d", len(events), want)
		}
	})
}

func TestReporterWithoutListener(t *testing.T) {
	r := &reporter{}
	end := r.step(Event{Text: "compiling"})
	r.update(func(e *Event) { e.Done = 1 })
	end()
	if r.event.Done != 1 {
		t.Errorf("got %v", r.event)
	}
}

func TestEventString(t *testing.T) {
	for _, test := range []struct {
		reason string
		event  Event
		want   string
	}{
		{"a build counts packages", Event{Binary: Kubectl, Text: "compiling k8s.io/api", Unit: "packages", Done: 3, Total: 916, Elapsed: 61 * time.Second}, "kubectl: compiling k8s.io/api (3 of 916 packages, 1m1s)"},
		{"modules have no total", Event{Binary: Etcd, Text: "downloading x", Unit: "modules", Done: 7}, "etcd: downloading x (7 modules, 0s)"},
		{"no modules yet", Event{Binary: Etcd, Text: "counting", Unit: "modules"}, "etcd: counting (0s)"},
		{"a download is for several", Event{Text: "downloading x", Unit: "bytes", Done: 1_500_000, Total: 70_000_000}, "downloading x (1.5 of 70.0 MB, 0s)"},
		{"a download of unknown size", Event{Text: "downloading x", Unit: "bytes", Done: 1_500_000}, "downloading x (1.5 MB, 0s)"},
		{"nothing to count", Event{Text: "waiting for process 7", Elapsed: 2 * time.Second}, "waiting for process 7 (2s)"},
	} {
		if got := test.event.String(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.reason, got, test.want)
		}
	}
}
