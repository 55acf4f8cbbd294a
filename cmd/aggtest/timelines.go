// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"sync"
	"time"

	"github.com/aggtest/aggtest/cmd/aggtest/internal/display"
	"github.com/aggtest/aggtest/harness/timeline"
)

// timelines are those of all control planes of a run. The zero value is ready for
// use, and shows nothing.
type timelines struct {
	// show is where facts are printed as they happen. Nil prints none.
	show *display.Display

	mu    sync.Mutex
	lines []*timeline.Timeline
	stops []func()
}

// add takes in the timeline of a control plane. The lines of all but the first
// say whose they are.
func (t *timelines) add(what string, tl *timeline.Timeline) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, tl)
	if t.show == nil {
		return
	}
	prefix := ""
	if len(t.lines) > 1 {
		prefix = "[" + strings.TrimPrefix(what, "the control plane of ") + "] "
	}
	transcript := timeline.NewTranscript(timeline.TextOptions{Start: time.Now(), Round: time.Millisecond})
	t.stops = append(t.stops, tl.Listen(func(entry timeline.Entry) {
		t.show.Note(prefix + transcript.Line(entry))
	}))
}

func (t *timelines) all() []*timeline.Timeline {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]*timeline.Timeline(nil), t.lines...)
}

// stop ends the printing.
func (t *timelines) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, stop := range t.stops {
		stop()
	}
}
