// SPDX-License-Identifier: Apache-2.0

package display

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that only moves when it is told to.
type clock struct{ now time.Time }

func (c *clock) forward(d time.Duration) { c.now = c.now.Add(d) }

// screen is what a terminal of one line shows after the output.
func screen(output string) []string {
	var shown []string
	for line := range strings.SplitSeq(output, "\n") {
		if _, after, erased := cutLast(line, eraseLine); erased {
			line = after
		}
		shown = append(shown, line)
	}
	return shown
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

func TestLiveLine(t *testing.T) {
	var terminal bytes.Buffer
	at := &clock{}
	d := newDisplay(&terminal, &terminal, func() int { return 40 }, func() time.Time { return at.now })
	d.tick()
	if terminal.Len() > 0 {
		t.Errorf("without tasks there is no line, got %q", terminal.String())
	}

	d.Head("1 of 3: ")
	one := d.Begin("tls/good", time.Hour)
	at.forward(2 * time.Second)
	two := d.Begin("build", 0)
	two.Update("12 of 30\npackages")
	d.tick()
	if got, want := screen(terminal.String())[0], `- 1 of 3: tls/good (2s), 12 of 30 pa...`; got != want {
		t.Errorf("the live line is %q, want %q", got, want)
	}

	d.Print("ok    tls/other\n")
	if got := screen(terminal.String()); got[0] != "ok    tls/other" || !strings.HasPrefix(got[1], "- 1 of 3: ") {
		t.Errorf("a result stands above the live line, got %q", got)
	}

	one.End()
	two.End()
	two.End()
	if got := screen(terminal.String()); got[len(got)-1] != "" {
		t.Errorf("the live line goes with the last task, got %q", got)
	}
}

func TestPlainLines(t *testing.T) {
	var out, err bytes.Buffer
	at := &clock{}
	d := newDisplay(&out, &err, nil, func() time.Time { return at.now })
	said := func(reason, want string) {
		t.Helper()
		d.tick()
		if got := err.String(); got != want {
			t.Errorf("%s: got %q, want %q", reason, got, want)
		}
		err.Reset()
	}
	task := d.Begin("starting", 2*time.Second)
	at.forward(time.Second)
	said("what takes a second needs no words", "")
	at.forward(time.Second)
	said("after two it does", "starting (2s) ...\n")
	at.forward(9 * time.Second)
	said("but not again soon", "")
	at.forward(time.Second)
	task.Update("812 of 1423 packages")
	said("ten seconds later it has come further", "812 of 1423 packages ...\n")
	task.End()
	at.forward(time.Hour)
	said("what has ended says nothing", "")

	d.Print("result")
	d.Note("remark")
	if out.String() != "result\n" || err.String() != "remark\n" {
		t.Errorf("results go to %q, remarks to %q", out.String(), err.String())
	}
}

func TestCut(t *testing.T) {
	for _, tc := range []struct {
		reason, line string
		width        int
		want         string
	}{
		{reason: "it fits", line: "täglich", width: 7, want: "täglich"},
		{reason: "letters are not bytes", line: "tägliche", width: 7, want: "tägl..."},
		{reason: "a line stays a line", line: "a\nb\x1bc", width: 9, want: "a b c"},
		{reason: "no room for the sign", line: "abcdef", width: 2, want: "ab"},
		{reason: "no room at all", line: "abcdef", width: -1},
	} {
		if got := cut(tc.line, tc.width); got != tc.want {
			t.Errorf("%s: cut(%q, %d) = %q, want %q", tc.reason, tc.line, tc.width, got, tc.want)
		}
	}
}

func TestNewWithoutTerminal(t *testing.T) {
	var out, err bytes.Buffer
	d := New(&out, &err)
	d.Begin("nothing", time.Hour)
	d.Print("a result")
	d.Close()
	d.Close()
	if out.String() != "a result\n" || err.Len() > 0 {
		t.Errorf("got %q and %q, without a terminal there are no escape codes", out.String(), err.String())
	}
}
