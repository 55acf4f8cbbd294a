// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// defaultRound is what a person compares at a glance: conditions change and
// faults show in tenths of a second.
const defaultRound = 100 * time.Millisecond

// TextOptions says how entries are written as text. The zero value is for
// people: relative times to a tenth of a second.
type TextOptions struct {
	// Start is 0 of the relative times. Zero is the first entry's time.
	Start time.Time
	// Round is what relative times are rounded to. 0 is 100ms.
	Round time.Duration
	// Golden writes what is the same in each run, for golden files: no times, and
	// names for what is made up anew each time.
	//
	// Relative times, lengths of time and counts of bytes are left out. In the
	// text, IP addresses, ports from 30000 on (those of NodePorts and those that
	// systems give away), UIDs, process ids, resourceVersions and random names of
	// folders are replaced by ip-1, port-1, uid-1, pid-1, rv-1 and tmp-1 in order of
	// appearance, a moment or a measured length of time by "some-time", and the
	// port from which a connection was made by *.
	//
	// [WriteText] also puts lines in an order. Actions and faults open a section
	// and stand first in it, as they were recorded; an expectation or an interval
	// lets the next of them open another. In between, the rest comes in any order
	// and number, since controllers probe and retry on clocks of their own: it is
	// sorted by kind and text, and lines that say the same are written once. What
	// one kube-apiserver saw of one APIService, and what one process did, stays in
	// its order. Whether something happens at all before a section ends may depend
	// on time: hand over only the entries of which that is not so.
	Golden bool
}

// Transcript writes entries one at a time, as they happen. It must not be used
// by several goroutines at once.
type Transcript struct {
	start  time.Time
	round  time.Duration
	golden bool
	names  *names
}

// NewTranscript begins a transcript.
func NewTranscript(opts TextOptions) *Transcript {
	t := &Transcript{start: opts.Start, round: opts.Round, golden: opts.Golden, names: newNames()}
	if t.round <= 0 {
		t.round = defaultRound
	}
	return t
}

// Line is the entry as one line without a newline at its end, such as
// "+1.2s  kube-apiserver-0 sees v1.a.example.com Available=False ...". Lines of
// the fact itself are joined by " / ", and what a terminal would act on is left
// out. In a golden transcript the line has no time.
func (t *Transcript) Line(e Entry) string {
	if t.golden {
		return t.names.replace(oneLine(timeless(e.Fact)))
	}
	if t.start.IsZero() {
		t.start = e.Time
	}
	return fmt.Sprintf("%-7s %s", t.offset(e.Time.Sub(t.start)), oneLine(e.Fact.String()))
}

// offset is a relative time, with as many decimals as the rounding leaves.
func (t *Transcript) offset(d time.Duration) string {
	decimals := 0
	for unit := time.Second; unit > t.round && decimals < 9; unit /= 10 {
		decimals++
	}
	return fmt.Sprintf("%+.*fs", decimals, d.Round(t.round).Seconds())
}

// WriteText writes the entries, a line each.
func WriteText(w io.Writer, entries []Entry, opts TextOptions) error {
	t, lines := NewTranscript(opts), make([]string, 0, len(entries))
	if opts.Golden {
		lines = t.settled(entries)
	} else {
		for _, entry := range entries {
			lines = append(lines, t.Line(entry))
		}
	}
	buffered := bufio.NewWriter(w)
	for _, line := range lines {
		buffered.WriteString(line)
		buffered.WriteByte('\n')
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write a timeline as text: %w", err)
	}
	return nil
}

// oneLine joins lines and leaves out control characters: messages and logs of
// servers may hold any byte.
func oneLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '?'
		case r == '\t':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.Join(lines, " / "))
}
