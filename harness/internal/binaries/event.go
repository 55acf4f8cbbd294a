// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Event is what [Ensure] is doing at a moment.
type Event struct {
	// Binary is what the step is for. Empty when it is for several.
	Binary Name
	// Place is where it is being got from. [Store] while another process is
	// waited for, and when a damaged binary is about to be replaced.
	Place Place
	// Text says what is being done.
	Text string
	// Done counts from 0 to Total. Total is 0 when it is not known.
	Done, Total int64
	// Unit is what Done counts: "packages", "modules" or "bytes". Empty when
	// there is nothing to count.
	Unit string
	// Elapsed is the time since this step began.
	Elapsed time.Duration
}

// String draws the event on a line.
func (e Event) String() string {
	var b strings.Builder
	if e.Binary != "" {
		fmt.Fprintf(&b, "%s: ", e.Binary)
	}
	b.WriteString(e.Text)
	b.WriteString(" (")
	switch {
	case e.Unit == "bytes" && e.Total > 0:
		fmt.Fprintf(&b, "%.1f of %.1f MB, ", megabytes(e.Done), megabytes(e.Total))
	case e.Unit == "bytes":
		fmt.Fprintf(&b, "%.1f MB, ", megabytes(e.Done))
	case e.Unit != "" && e.Total > 0:
		fmt.Fprintf(&b, "%d of %d %s, ", e.Done, e.Total, e.Unit)
	case e.Unit != "" && e.Done > 0:
		fmt.Fprintf(&b, "%d %s, ", e.Done, e.Unit)
	}
	fmt.Fprintf(&b, "%s)", e.Elapsed.Round(time.Second))
	return b.String()
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

// reportInterval lets a terminal's line move smoothly, and keeps the thousands
// of packages of a build from becoming thousands of events.
const reportInterval = 250 * time.Millisecond

// reporter tells a listener about one step at a time.
type reporter struct {
	tell func(Event)

	mu    sync.Mutex
	event Event
	began time.Time
}

// step begins a step and reports it until the function that it returns is
// called, which may be called more than once.
func (r *reporter) step(event Event) (end func()) {
	if r.tell == nil {
		return func() {}
	}
	r.mu.Lock()
	r.event, r.began = event, time.Now()
	r.mu.Unlock()
	r.emit()

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(reportInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				r.emit()
			case <-stop:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stop)
		<-stopped
		r.emit()
	})
}

// update changes the present step; the next tick shows it.
func (r *reporter) update(change func(*Event)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.event)
}

// say reports something that takes no time.
func (r *reporter) say(event Event) { r.step(event)() }

func (r *reporter) emit() {
	r.mu.Lock()
	defer r.mu.Unlock()
	event := r.event
	event.Elapsed = time.Since(r.began)
	r.tell(event)
}
