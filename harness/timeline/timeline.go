// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"slices"
	"sync"
	"time"
)

// Entry is one fact and the moment at which it was recorded.
type Entry struct {
	// Time is the wall clock with Go's monotonic reading: differences between
	// entries of one process are exact even when the wall clock is set.
	Time time.Time
	// At is the time since the timeline's first entry, by the monotonic clock.
	At time.Duration
	// Fact says what happened.
	Fact Fact
}

// Mark is a position on a timeline, from which later entries can be read. The
// zero value is the beginning.
type Mark int

// Timeline is an append-only list of entries. The zero value is empty and ready
// for use. A nil *Timeline discards what it is given and has no entries.
type Timeline struct {
	mu        sync.Mutex
	entries   []Entry
	listeners map[int]func(Entry)
	nextID    int
}

// Record appends a fact with the present time and tells the listeners, in
// order, before it returns. It returns the time that it gave the entry.
func (t *Timeline) Record(fact Fact) time.Time {
	if t == nil {
		return time.Now()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// Under the lock, so that times never go back along the list.
	now := time.Now()
	entry := Entry{Time: now, Fact: fact}
	if len(t.entries) > 0 {
		entry.At = now.Sub(t.entries[0].Time)
	}
	t.entries = append(t.entries, entry)
	for _, listen := range t.listeners {
		listen(entry)
	}
	return now
}

// Mark returns the position after the last entry.
func (t *Timeline) Mark() Mark {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return Mark(len(t.entries))
}

// Since returns the entries recorded after the mark, oldest first. The slice is
// the caller's own.
func (t *Timeline) Since(mark Mark) []Entry {
	return t.Between(mark, t.Mark())
}

// Between returns the entries recorded after one mark and up to another, oldest
// first. The slice is the caller's own.
func (t *Timeline) Between(from, to Mark) []Entry {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	to = min(to, Mark(len(t.entries)))
	if from >= to {
		return nil
	}
	return slices.Clone(t.entries[from:to])
}

// Listen calls f for each entry recorded from now on, until stop is called. f
// runs while the timeline is locked: it must return soon and must not call the
// timeline.
func (t *Timeline) Listen(f func(Entry)) (stop func()) {
	if t == nil {
		return func() {}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.listeners == nil {
		t.listeners = map[int]func(Entry){}
	}
	id := t.nextID
	t.nextID++
	t.listeners[id] = f
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.listeners, id)
	}
}

// Typed is an [Entry] whose fact is known to be an F.
type Typed[F Fact] struct {
	Time time.Time
	Fact F
}

// Of returns the entries after the mark whose fact is an F, oldest first.
func Of[F Fact](t *Timeline, since Mark) []Typed[F] {
	var found []Typed[F]
	for _, entry := range t.Since(since) {
		if fact, ok := entry.Fact.(F); ok {
			found = append(found, Typed[F]{Time: entry.Time, Fact: fact})
		}
	}
	return found
}

// First returns the first entry after the mark whose fact is an F and wanted,
// and whether there is one. A nil want takes any.
func First[F Fact](t *Timeline, since Mark, want func(F) bool) (Typed[F], bool) {
	for _, entry := range Of[F](t, since) {
		if want == nil || want(entry.Fact) {
			return entry, true
		}
	}
	return Typed[F]{}, false
}
