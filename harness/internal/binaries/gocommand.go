// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// tailLength is how many of the last lines of a log an error shows: a compile
// error with its context fits, and the places tried before stay on the screen.
const tailLength = 15

// goCommand runs the machine's go command.
type goCommand struct {
	path string
	env  []string
	log  *os.File
}

// noGoError says that there is no go command.
type noGoError struct{ err error }

func (e noGoError) Error() string { return "no go command: " + e.err.Error() }
func (e noGoError) Unwrap() error { return e.err }

// buildEnvironment is the process's own, so that the user's proxy, cache and
// credentials hold, without what would change the build.
func buildEnvironment(environ []string, temp string) []string {
	ours := []string{
		"CGO_ENABLED=0",
		"GO111MODULE=on",
		"GOWORK=off",
		// The empty string would mean the user's configured flags. There is
		// nothing to stamp: if the store lies in somebody's repository, its
		// revision is not that of Kubernetes.
		"GOFLAGS=-buildvcs=false",
		// A killed go command leaves its temporary folder, which is then swept
		// with the rest of the scratch folder.
		"GOTMPDIR=" + temp,
	}
	cleared := []string{"CGO_ENABLED", "GO111MODULE", "GOWORK", "GOFLAGS", "GOTMPDIR", "GOOS", "GOARCH", "GOBIN"}
	env := slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(cleared, name)
	})
	return append(env, ours...)
}

// run runs the command in a folder. Each line of its standard error goes to the
// log, and to progress, which says whether the line was one of progress. The
// last of those that were not are the heart of the error.
func (g goCommand) run(ctx context.Context, dir string, progress func(line string) bool, args ...string) (stdout []byte, err error) {
	short := "go " + strings.Join(args[:min(2, len(args))], " ")
	if len(args) > 0 && (args[0] == "build" || args[0] == "list") {
		short = "go " + args[0]
	}
	fmt.Fprintf(g.log, "$ cd %s && go %s\n", dir, strings.Join(args, " "))
	var out bytes.Buffer
	tail := &tailWriter{skip: progress}
	cmd := exec.CommandContext(ctx, g.path, args...)
	inOwnGroup(cmd)
	cmd.Dir, cmd.Env = dir, g.env
	cmd.Stdout = &out
	cmd.Stderr = io.MultiWriter(g.log, tail)
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", short, ctx.Err())
	}
	if err != nil {
		tail.flush()
		return out.Bytes(), &buildError{step: short, err: err, tail: tail.lines, log: g.log.Name()}
	}
	return out.Bytes(), nil
}

// tailWriter splits what is written into lines and keeps the last ones that
// skip does not take.
type tailWriter struct {
	skip    func(line string) bool
	partial []byte
	lines   []string
}

func (t *tailWriter) Write(p []byte) (int, error) {
	t.partial = append(t.partial, p...)
	for {
		line, rest, ok := bytes.Cut(t.partial, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		t.partial = rest
		t.add(string(line))
	}
}

func (t *tailWriter) flush() {
	if len(t.partial) > 0 {
		t.add(string(t.partial))
		t.partial = nil
	}
}

func (t *tailWriter) add(line string) {
	if t.skip != nil && t.skip(line) {
		return
	}
	if len(t.lines) == tailLength {
		t.lines = t.lines[1:]
	}
	t.lines = append(t.lines, line)
}

// buildError is a go command that failed.
type buildError struct {
	step string
	err  error
	tail []string
	log  string
}

func (e *buildError) Error() string {
	text := fmt.Sprintf("%s: %v; the log is %s", e.step, e.err, e.log)
	if len(e.tail) > 0 {
		text += ", its last lines:\n" + strings.Join(e.tail, "\n")
	}
	return text
}

func (e *buildError) Unwrap() error { return e.err }

// buildHelp is what to do about known failures, by words of the go command's
// that name them.
var buildHelp = []struct {
	words []string
	help  string
}{
	{[]string{"requires go >= ", "toolchain not available"},
		"install a newer Go (https://go.dev/dl)"},
	{[]string{"unknown revision", "404 Not Found"},
		"choose a Kubernetes release that exists, or a module proxy that has it (go env GOPROXY)"},
	{[]string{"dial tcp", "no such host", "i/o timeout", "TLS handshake timeout", "GOPROXY=off"},
		"make a Go module proxy reachable (go env GOPROXY)"},
	{[]string{"no space left on device"},
		"make room on the disk, or name another by " + storeVariable},
}

func (e *buildError) help(install string) string {
	tail := strings.Join(e.tail, "\n")
	for _, known := range buildHelp {
		if slices.ContainsFunc(known.words, func(word string) bool { return strings.Contains(tail, word) }) {
			return known.help + ", then run: " + install
		}
	}
	return "mend what " + e.log + " ends with, then run: " + install
}
