// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Text words the expectation for people, over several lines without a newline
// at the end. One that held is one line.
func (e Expectation) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected: %s", indent(e.What))
	if e.When != "" {
		fmt.Fprintf(&b, " (%s)", e.When)
	}
	if e.Reason != "" {
		fmt.Fprintf(&b, "\n%s", e.Reason)
	}
	if e.Last != "" {
		fmt.Fprintf(&b, "\nlast seen, for %s", short(e.LastFor))
		if e.Through != "" {
			fmt.Fprintf(&b, ", through %s", e.Through)
		}
		fmt.Fprintf(&b, ": %s", indent(e.Last))
	}
	if e.At != "" {
		fmt.Fprintf(&b, "\nat %s", e.At)
	}
	return printable(b.String())
}

// Text words the failure for people: the reason, the expectations that did not
// hold, and the evidence. It is empty for a scenario that passed.
func (s Scenario) Text() string {
	if s.Reason == "" && s.Result == Passed {
		return ""
	}
	var b strings.Builder
	b.WriteString(s.Reason)
	for _, step := range s.Steps {
		for _, expectation := range step.Expectations {
			if expectation.Result == Failed {
				fmt.Fprintf(&b, "\n\nstep %q\n  %s", step.Name, indent(expectation.Text()))
			}
		}
	}
	for _, section := range s.Evidence {
		fmt.Fprintf(&b, "\n\n%s", section.Title)
		for _, line := range section.Lines {
			fmt.Fprintf(&b, "\n  %s", indent(line))
		}
	}
	return printable(b.String())
}

// FullName is family/name, and the number of the run if there are several.
func (s Scenario) FullName() string {
	name := s.Name
	if s.Family != "" {
		name = s.Family + "/" + s.Name
	}
	if s.Run > 0 {
		name += fmt.Sprintf(" (run %d)", s.Run)
	}
	return name
}

// indent lets what spans lines stand under its first one.
func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

// short keeps a tenth of a second, or a millisecond of what is less than one.
func short(s Seconds) string {
	d := time.Duration(s)
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// printable leaves out what a terminal would act on and XML 1.0 cannot hold: logs
// and answers of servers may contain any byte.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '?'
		case r == '\n', r == '\t':
			return r
		case r < 0x20, r == 0x7f, r == 0xfffe, r == 0xffff:
			return -1
		}
		return r
	}, text)
}
