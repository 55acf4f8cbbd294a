// SPDX-License-Identifier: Apache-2.0

// Package display shows people what is going on: in a terminal by a line that
// moves, elsewhere by a line now and then.
package display

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	// redrawEvery makes the live line's seconds and spinner move smoothly.
	redrawEvery = 100 * time.Millisecond
	// lookEvery is how often it is looked for something to say where there is no
	// terminal; what is said there is rounded to seconds.
	lookEvery = time.Second
	// repeatEvery is how often a task that goes on says so where there is no
	// terminal: often enough that nobody takes a build of ten minutes for hung,
	// seldom enough for the log of a CI job.
	repeatEvery = 10 * time.Second
)

// Display writes finished lines and shows the tasks that are not. It is safe for
// use by several goroutines.
type Display struct {
	mu       sync.Mutex
	out, err io.Writer
	// width is the terminal's, 0 when there is none.
	width func() int
	now   func() time.Time
	tasks []*Task
	head  string
	// drawn tells that the live line is on the screen, and frame counts its
	// spinner on.
	drawn bool
	frame int

	stop, stopped chan struct{}
	closeOnce     sync.Once
}

// Task is something that takes time.
type Task struct {
	display *Display
	name    string
	text    string
	began   time.Time
	// next is when it is due to say something where there is no terminal.
	next time.Time
}

// New shows tasks on err, by a live line when that is a terminal, and writes
// results to out. Close it.
func New(out, err io.Writer) *Display {
	d := newDisplay(out, err, terminalWidth(err), time.Now)
	every := lookEvery
	if d.live() {
		every = redrawEvery
	}
	go func() {
		defer close(d.stopped)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				d.tick()
			case <-d.stop:
				return
			}
		}
	}()
	return d
}

func newDisplay(out, err io.Writer, width func() int, now func() time.Time) *Display {
	return &Display{out: out, err: err, width: width, now: now, stop: make(chan struct{}), stopped: make(chan struct{})}
}

// terminalWidth gives a function that asks the terminal for its width, which
// changes, or nil when w is no terminal that knows how to erase a line.
func terminalWidth(w io.Writer) func() int {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil || width <= 0 {
			// What terminals have had since they were made of glass.
			return 80
		}
		return width
	}
}

func (d *Display) live() bool { return d.width != nil }

// Print writes a finished line, or several, to the output.
func (d *Display) Print(text string) { d.write(d.out, text) }

// Note writes a line that is not part of the result.
func (d *Display) Note(text string) { d.write(d.err, text) }

// Head sets what the live line begins with.
func (d *Display) Head(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.head = text
}

// Begin shows a task until its End. Where there is no terminal it is first
// mentioned when it has taken as long as after.
func (d *Display) Begin(name string, after time.Duration) *Task {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := &Task{display: d, name: name, began: d.now()}
	t.next = t.began.Add(after)
	d.tasks = append(d.tasks, t)
	return t
}

// Update says what the task is at. The line is its own: it replaces the name.
func (t *Task) Update(text string) {
	t.display.mu.Lock()
	defer t.display.mu.Unlock()
	t.text = text
}

// End takes the task off the display. A second End does nothing.
func (t *Task) End() {
	d := t.display
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tasks = slices.DeleteFunc(d.tasks, func(other *Task) bool { return other == t })
	if len(d.tasks) == 0 {
		d.erase()
	}
}

// Close takes the live line away and waits for the goroutine of New.
func (d *Display) Close() {
	d.closeOnce.Do(func() {
		close(d.stop)
		<-d.stopped
		d.mu.Lock()
		defer d.mu.Unlock()
		d.tasks = nil
		d.erase()
	})
}

func (d *Display) write(w io.Writer, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.erase()
	fmt.Fprintln(w, strings.TrimRight(text, "\n"))
	d.draw()
}

// tick is called by the goroutine of New.
func (d *Display) tick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.live() {
		d.frame++
		d.draw()
		return
	}
	now := d.now()
	for _, t := range d.tasks {
		if now.Before(t.next) {
			continue
		}
		t.next = now.Add(repeatEvery)
		fmt.Fprintf(d.err, "%s ...\n", t.line(now))
	}
}
