// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// build makes the binaries one after the other and installs each when it is
// ready, so that an end in between loses one at most. It stops at the first that
// cannot be built, because the user should hear of it now.
func (q *search) build(ctx context.Context, b *bench, missing []Name) {
	program := q.Go
	if program == "" {
		program = "go"
	}
	program, err := exec.LookPath(program)
	if err != nil {
		err = noGoError{err}
	}
	var broken Name
	for _, name := range missing {
		switch {
		case err != nil && broken != "":
			q.failed(name, Build, errNotTried("the build of "+string(broken)+" did not succeed"))
			continue
		case err != nil:
			q.failed(name, Build, err)
			continue
		}
		var found Found
		if found, err = b.make(ctx, program, name); err != nil {
			q.failed(name, Build, err)
			broken = name
			continue
		}
		q.found[name] = found
	}
}

// make builds one binary and installs it.
func (b *bench) make(ctx context.Context, program string, name Name) (Found, error) {
	r := recipeFor(name, b.Version)
	temp := filepath.Join(b.scratch, "tmp")
	if err := os.MkdirAll(temp, 0o755); err != nil {
		return Found{}, err
	}
	log, err := os.Create(filepath.Join(b.store, "logs", b.key()+"-"+string(name)+".log"))
	if err != nil {
		return Found{}, err
	}
	defer log.Close()
	run := goCommand{path: program, env: buildEnvironment(os.Environ(), temp), log: log}

	end := b.report.step(Event{Binary: name, Place: Build, Text: "writing the module to build it in", Unit: "modules"})
	defer func() { end() }()
	dir := filepath.Join(b.scratch, "modules", r.name)
	if !b.written[r.name] {
		if err := r.write(ctx, run, dir, b.sayModule); err != nil {
			return Found{}, err
		}
		b.written[r.name] = true
	}
	arguments := []string{"-mod=readonly", "-trimpath", "-ldflags", r.ldflags}
	stale, total, err := b.plan(ctx, run, dir, r.packages[name], arguments)
	if err != nil {
		return Found{}, err
	}
	end()

	out := filepath.Join(b.scratch, string(name))
	end = b.report.step(Event{
		Binary: name, Place: Build, Text: compiling(stale, ""), Unit: "packages",
		Done: int64(total - len(stale)), Total: int64(total),
	})
	arguments = append(append([]string{"build", "-v"}, arguments...), "-o", out, r.packages[name])
	_, err = run.run(ctx, dir, func(line string) bool { return b.compiled(stale, line) }, arguments...)
	if err != nil {
		return Found{}, err
	}
	b.report.update(func(e *Event) { e.Done, e.Text = e.Total, "compiled" })
	end()
	source := fmt.Sprintf("built from %s %s", r.module, r.version)
	return b.accept(ctx, name, Build, out, source)
}

// plan gives the packages of a command that the build cache does not have, and
// the number of all. It also makes the go command fetch the modules.
func (b *bench) plan(ctx context.Context, run goCommand, dir, pkg string, arguments []string) (stale map[string]bool, total int, err error) {
	b.sayModule("counting the packages of " + pkg)
	arguments = append([]string{"list", "-deps", "-f", "{{.Stale}} {{.ImportPath}}"}, arguments...)
	progress := func(line string) bool { return sayDownload(line, b.sayModule) }
	out, err := run.run(ctx, dir, progress, append(arguments, pkg)...)
	if err != nil {
		return nil, 0, err
	}
	stale = map[string]bool{}
	for line := range strings.Lines(string(out)) {
		total++
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "true "); ok {
			stale[path] = true
		}
	}
	return stale, total, nil
}

// compiled takes a line of go build -v: the package that is compiled now.
func (b *bench) compiled(stale map[string]bool, line string) bool {
	if !stale[line] {
		return sayDownload(line, b.sayModule)
	}
	delete(stale, line)
	b.report.update(func(e *Event) {
		e.Text = compiling(stale, line)
		e.Done = e.Total - int64(len(stale))
	})
	return true
}

// compiling says what the build does now. The linker, which takes as long as
// hundreds of packages, is silent: the command's own package stands for it.
func compiling(stale map[string]bool, pkg string) string {
	switch {
	case len(stale) <= 1:
		return "compiling the last packages and linking"
	case pkg == "":
		return "compiling"
	default:
		return "compiling " + pkg
	}
}

func (b *bench) sayModule(text string) {
	b.report.update(func(e *Event) {
		e.Text = text
		if e.Unit == "modules" && strings.HasPrefix(text, downloading) {
			e.Done++
		}
	})
}

const downloading = "downloading "

// sayDownload takes the line that the go command writes for each module that it
// fetches.
func sayDownload(line string, say func(string)) bool {
	text, ok := strings.CutPrefix(line, "go: "+downloading)
	if ok {
		say(downloading + text)
	}
	return ok
}
