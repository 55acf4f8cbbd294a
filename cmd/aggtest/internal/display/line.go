// SPDX-License-Identifier: Apache-2.0

package display

import (
	"fmt"
	"strings"
	"time"
)

const (
	spinner = `|/-\`
	// eraseLine goes to the first column and erases what is right of it, which
	// every terminal since the VT100 understands (ECMA-48, EL).
	eraseLine = "\r\x1b[K"
)

// line is the task in one line: what it last said of itself, which has a time of
// its own, or its name and how long it has taken.
func (t *Task) line(now time.Time) string {
	if t.text != "" {
		return t.text
	}
	return fmt.Sprintf("%s (%s)", t.name, now.Sub(t.began).Round(time.Second))
}

// draw puts the live line on the screen, over the one that is there.
func (d *Display) draw() {
	if !d.live() || len(d.tasks) == 0 {
		return
	}
	now := d.now()
	lines := make([]string, len(d.tasks))
	for i, t := range d.tasks {
		lines[i] = t.line(now)
	}
	text := fmt.Sprintf("%c %s%s", spinner[d.frame%len(spinner)], d.head, strings.Join(lines, ", "))
	// A line that reaches the last column makes some terminals begin another,
	// which would not be erased.
	fmt.Fprint(d.err, eraseLine, cut(text, d.width()-1))
	d.drawn = true
}

func (d *Display) erase() {
	if d.drawn {
		fmt.Fprint(d.err, eraseLine)
		d.drawn = false
	}
}

// cut shortens a line to a width, and says that it did.
func cut(line string, width int) string {
	line = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, line)
	runes := []rune(line)
	if len(runes) <= width {
		return line
	}
	const more = "..."
	if width <= len(more) {
		return string(runes[:max(width, 0)])
	}
	return string(runes[:width-len(more)]) + more
}
