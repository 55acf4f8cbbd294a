// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"io"
	"sync"
)

// longestLogLine is how much of a line is kept back until its end comes. A
// program that writes no line ends does no harm.
const longestLogLine = 64 << 10

// commandLog is what one process of a server writes. It hands on whole lines, so
// that those of replicas do not mix, and keeps the last of its own.
type commandLog struct {
	server io.Writer

	mu      sync.Mutex
	own     *ring
	partial []byte
}

func newCommandLog(server io.Writer) *commandLog {
	return &commandLog{server: server, own: newRing(logLinesKept)}
}

// Write never fails.
func (l *commandLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, p...)
	whole := bytes.LastIndexByte(l.partial, '\n') + 1
	if whole == 0 && len(l.partial) > longestLogLine {
		l.partial = append(l.partial, '\n')
		whole = len(l.partial)
	}
	l.pass(whole)
	return len(p), nil
}

// Close hands on a last line that has no end.
func (l *commandLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.partial) > 0 {
		l.partial = append(l.partial, '\n')
		l.pass(len(l.partial))
	}
	return nil
}

func (l *commandLog) pass(n int) {
	if n == 0 {
		return
	}
	_, _ = l.own.Write(l.partial[:n])
	_, _ = l.server.Write(l.partial[:n])
	l.partial = append([]byte(nil), l.partial[n:]...)
}

func (l *commandLog) tail(n int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.own.tail(n)
}
