// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"cmp"
	"fmt"
	"slices"
)

// timeless words a fact without what differs from run to run in its numbers.
func timeless(fact Fact) string {
	switch f := fact.(type) {
	case Hangup:
		return fmt.Sprintf("%s to %s %s", f.From, f.To, f.Reason)
	case Request:
		return f.answer()
	case Expectation:
		return f.verdict("held", "did not hold")
	case Interval:
		return fmt.Sprintf("%s was measured%s", f.Name, f.between())
	}
	return fact.String()
}

// loose is an entry that may come at another place in another run.
type loose struct {
	fact Fact
	// kind and subject are what it is sorted by; equal ones stay in their order.
	kind    int
	subject string
}

// looseOf tells what an entry is sorted by; false for one that opens a section.
func looseOf(fact Fact) (l loose, ok bool) {
	l.fact = fact
	// With the values of no run, so that their order does not matter.
	text := func() string { return masked(oneLine(timeless(fact))) }
	switch f := fact.(type) {
	case Process:
		l.kind, l.subject = 1, f.Name
	case ConditionChange:
		l.kind, l.subject = 2, f.APIService+" "+f.APIServer
	case Dial:
		l.kind, l.subject = 3, text()
	case Request:
		l.kind, l.subject = 4, text()
	case Hangup:
		l.kind, l.subject = 5, text()
	case Expectation:
		l.kind, l.subject = 6, text()
	case Interval:
		l.kind, l.subject = 7, text()
	default:
		return loose{}, false
	}
	return l, true
}

// ends tells whether a section may end after the fact.
func ends(fact Fact) bool {
	switch fact.(type) {
	case Expectation, Interval:
		return true
	}
	return false
}

// settled is the lines of a golden transcript.
func (t *Transcript) settled(entries []Entry) []string {
	var lines, opened []string
	var rest []loose
	ended := false
	flush := func() {
		slices.SortStableFunc(rest, func(a, b loose) int {
			return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.subject, b.subject))
		})
		lines = append(lines, opened...)
		before := len(lines)
		for _, l := range rest {
			// Only next to one another: a condition may come back to what it was.
			if line := t.Line(Entry{Fact: l.fact}); len(lines) == before || lines[len(lines)-1] != line {
				lines = append(lines, line)
			}
		}
		opened, rest, ended = nil, nil, false
	}
	for _, entry := range entries {
		l, ok := looseOf(entry.Fact)
		switch {
		case ok:
			rest = append(rest, l)
			ended = ended || ends(entry.Fact)
		case ended:
			flush()
			fallthrough
		default:
			opened = append(opened, t.Line(entry))
		}
	}
	flush()
	return lines
}
