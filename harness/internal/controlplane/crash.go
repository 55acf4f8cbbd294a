// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// CrashError is the end of a child that nobody asked for, in the child's own
// words.
type CrashError struct {
	// Process is the child's name.
	Process string
	// Lines are the last lines of its log that say why: errors and what it
	// died of. Without any, the last lines that there are.
	Lines []string
	// Log is the path of the whole log. After a failed start the file stays
	// until a sweep after this process's end.
	Log string
}

func (e *CrashError) Error() string {
	var b strings.Builder
	if len(e.Lines) == 0 {
		fmt.Fprintf(&b, "%s exited and wrote nothing: it may have been killed (out of memory?)", e.Process)
	} else {
		fmt.Fprintf(&b, "%s exited; it wrote:", e.Process)
		for _, line := range e.Lines {
			b.WriteString("\n    " + line)
		}
	}
	fmt.Fprintf(&b, "\nits whole log is %s", e.Log)
	return b.String()
}

// reasonLines is how many lines an error quotes.
const reasonLines = 10

var (
	// klogHeader is the header of a klog line: severity, date, time, thread,
	// file and line.
	klogHeader = regexp.MustCompile(`^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^ \]]+\] ?`)
	// plainError begins a line that a program or the Go runtime writes when it
	// gives up.
	plainError = regexp.MustCompile(`^(?i:error|fatal|panic|fatal error|flag provided|invalid value|unknown flag)\b`)
)

// reasons returns the last n lines of a log that say why its writer gave up. If
// it has none of them, it returns the last n lines that there are, without the
// list of flags that follows a wrong one.
func reasons(lines []string, n int) []string {
	var telling, other, keys []string
	usage := false
	for _, line := range lines {
		text, bad := severity(line)
		switch {
		case bad:
			usage = false
			// A retried action writes the same again and again: only the last counts.
			key := klogHeader.ReplaceAllString(text, "")
			if i := slices.Index(keys, key); i >= 0 {
				keys, telling = slices.Delete(keys, i, i+1), slices.Delete(telling, i, i+1)
			}
			keys, telling = append(keys, key), append(telling, text)
		case strings.HasPrefix(line, "Usage:"):
			usage = true
		case klogHeader.MatchString(line) || strings.HasPrefix(line, "{"):
			usage = false
			other = append(other, text)
		case !usage && strings.TrimSpace(line) != "":
			other = append(other, text)
		}
	}
	if len(telling) == 0 {
		telling = other
	}
	telling = telling[max(0, len(telling)-n):]
	for i, line := range telling {
		telling[i] = line[:min(len(line), longestLine)]
	}
	return telling
}

// severity returns a line as a person would read it, and whether it tells of
// something that went wrong.
func severity(line string) (text string, bad bool) {
	if strings.HasPrefix(line, "{") {
		var entry struct{ Level, Msg, Error string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg != "" {
			text = entry.Level + ": " + entry.Msg
			if entry.Error != "" {
				text += ": " + entry.Error
			}
			return text, slices.Contains([]string{"error", "dpanic", "panic", "fatal"}, entry.Level)
		}
	}
	if klogHeader.MatchString(line) {
		return line, line[0] == 'E' || line[0] == 'F'
	}
	return line, plainError.MatchString(line)
}

// portTaken tells whether a child died of a port that somebody else had.
func portTaken(lines []string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		return strings.Contains(line, "address already in use")
	})
}

const (
	// logWindow is how much of a log's end is read: some thousand lines.
	logWindow = 1 << 20
	// longestLine bounds a quoted line: some hold whole objects.
	longestLine = 1000
)

// readLines returns the last lines of a log, up to logWindow bytes. A log that
// cannot be read has none: whoever asks has a better error to tell.
func readLines(path string) []string { return readLinesFrom(path, 0) }

// readLinesFrom leaves out what stands in the log before the offset, at which a
// line begins.
func readLinesFrom(path string, from int64) []string {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }()
	cut := false
	if info, err := file.Stat(); err == nil && info.Size()-from > logWindow {
		from, cut = info.Size()-logWindow, true
	}
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		return nil
	}
	text, err := io.ReadAll(file)
	if err != nil || len(text) == 0 {
		return nil
	}
	var lines []string
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		lines = append(lines, string(line))
	}
	if cut {
		lines = lines[1:]
	}
	return lines
}
