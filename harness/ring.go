// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"strings"
	"sync"
)

// logLinesKept of a server under test are enough to see how it came to a
// failure, and bounded so that a server that logs without end does no harm.
const logLinesKept = 1000

// ring is a log that keeps its last lines.
type ring struct {
	mu      sync.Mutex
	lines   []string
	max     int
	partial string
}

func newRing(lines int) *ring { return &ring{max: lines} }

// Write splits what it is given into lines. It never fails.
func (r *ring) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := strings.Split(r.partial+string(p), "\n")
	r.partial = lines[len(lines)-1]
	r.lines = append(r.lines, lines[:len(lines)-1]...)
	if surplus := len(r.lines) - r.max; surplus > 0 {
		r.lines = append([]string(nil), r.lines[surplus:]...)
	}
	return len(p), nil
}

// tail returns the last n lines, an unfinished one among them.
func (r *ring) tail(n int) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := append([]string(nil), r.lines...)
	if r.partial != "" {
		lines = append(lines, r.partial)
	}
	return lines[max(0, len(lines)-n):]
}
