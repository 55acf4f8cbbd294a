// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Ensure looks for the named binaries as [Find] does, and gets those that are
// missing into our own store: by download, and what that does not give by a
// build. No names means etcd, kube-apiserver and kubectl.
//
// Only one process installs for a version at a time; the others wait and say so
// by [Config.Progress]. When ctx ends, Ensure ends what it had started and
// returns ctx's error; what was installed by then stays. The error is a
// [*MissingError] when a binary could not be had from any place.
func Ensure(ctx context.Context, cfg Config, names ...Name) (Set, error) {
	s, err := cfg.settle()
	if err != nil {
		return nil, err
	}
	if names, err = wanted(names); err != nil {
		return nil, err
	}
	q := newSearch(s)
	if err := q.look(ctx, names); err != nil {
		return nil, err
	}
	missing := q.missing(names)
	switch {
	case len(missing) == 0:
		return q.found, nil
	case q.Offline:
		for _, name := range missing {
			q.failed(name, Download, errNotTried("told to stay offline"))
			q.failed(name, Build, errNotTried("told to stay offline"))
		}
	default:
		if err := q.install(ctx, missing); err != nil {
			return nil, err
		}
		missing = q.missing(names)
	}
	if len(missing) > 0 {
		return nil, q.error(missing)
	}
	return q.found, nil
}

// install gets the missing binaries while it holds the version's lock. Its
// error is ctx's; everything else is written down as tried.
func (q *search) install(ctx context.Context, missing []Name) error {
	report := &reporter{tell: q.Progress}
	b, err := openBench(ctx, q.settings, report)
	if ctx.Err() != nil {
		return fmt.Errorf("get %s: %w", joinNames(missing), err)
	}
	if err != nil {
		for _, name := range missing {
			q.failed(name, Download, storeError{err})
			q.failed(name, Build, storeError{err})
		}
		return nil
	}
	defer b.close()

	if err := q.look(ctx, missing); err != nil {
		return err
	}
	missing = q.missing(missing)
	for _, name := range missing {
		for _, trial := range q.tried[name] {
			if errors.As(trial.Err, new(damagedError)) {
				report.say(Event{Binary: name, Place: Store, Text: "installing it again: " + trial.Err.Error()})
			}
		}
	}
	for _, get := range []func(context.Context, *bench, []Name){q.download, q.build} {
		if missing = q.missing(missing); len(missing) == 0 {
			break
		}
		get(ctx, b, missing)
		if ctx.Err() != nil {
			return fmt.Errorf("get %s: %w", joinNames(q.missing(missing)), ctx.Err())
		}
	}
	return nil
}

// bench is the place where one process at a time makes binaries of a version.
type bench struct {
	settings
	report *reporter
	shelf  shelf
	// scratch is on the store's file system, so that a rename out of it works.
	scratch string
	// written holds the modules that are in the scratch folder, by name.
	written map[string]bool
	unlock  func()
}

// openBench takes the lock and sweeps what dead processes have left.
func openBench(ctx context.Context, s settings, report *reporter) (*bench, error) {
	endWait := func() {}
	unlock, err := lock(ctx, s.lockPath(s.key()), func(pid int) {
		endWait()
		endWait = report.step(Event{Place: Store, Text: fmt.Sprintf("waiting for process %d, which is installing %s", pid, s.key())})
	})
	endWait()
	if err != nil {
		return nil, err
	}
	b := &bench{settings: s, report: report, written: map[string]bool{}, unlock: unlock}
	b.sweep()
	if err := b.open(); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) open() error {
	for _, dir := range []string{b.dir(), b.scratchDir(b.key()), filepath.Join(b.store, "logs")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	// The random part keeps us apart from a go command whose parent was killed
	// and which still writes to the folder that was swept.
	scratch, err := os.MkdirTemp(b.scratchDir(b.key()), "install-")
	if err != nil {
		return err
	}
	b.scratch = scratch
	b.shelf = openShelf(b.dir())
	if errors.As(b.shelf.err, new(damagedError)) {
		b.shelf.err = nil
	}
	return b.shelf.err
}

func (b *bench) close() {
	if b.scratch != "" {
		os.RemoveAll(b.scratch)
	}
	b.unlock()
}

func (s settings) lockPath(key string) string   { return filepath.Join(s.store, "locks", key+".lock") }
func (s settings) scratchDir(key string) string { return filepath.Join(s.store, "scratch", key) }

// sweep removes the scratch folders of dead processes: those of this version,
// whose lock is ours, and those of versions whose lock nobody has. What cannot
// be removed now is left for the next time.
func (b *bench) sweep() {
	entries, err := os.ReadDir(filepath.Join(b.store, "scratch"))
	if err != nil {
		return
	}
	for _, entry := range entries {
		key := entry.Name()
		unlock := func() {}
		if key != b.key() {
			if unlock, err = tryLock(b.lockPath(key)); err != nil {
				continue
			}
		}
		os.RemoveAll(b.scratchDir(key))
		unlock()
	}
}

// accept checks a binary in the scratch folder and installs it.
func (b *bench) accept(ctx context.Context, name Name, place Place, file, source string) (Found, error) {
	defer b.report.step(Event{Binary: name, Place: place, Text: "checking"})()
	if err := os.Chmod(file, 0o755); err != nil {
		return Found{}, err
	}
	version, err := ReportedVersion(ctx, name, file)
	if err != nil {
		return Found{}, fmt.Errorf("check the new %s: %w", name, err)
	}
	if want := b.expected(name, place); want != "" && version != want {
		return Found{}, fmt.Errorf("check the new %s: it says that it is %s, not %s", name, version, want)
	}
	found, err := b.shelf.put(name, file, version, source)
	if err != nil {
		return Found{}, fmt.Errorf("install %s: %w", name, err)
	}
	found.Place = place
	b.report.update(func(e *Event) { e.Text = "installed " + strings.TrimSpace(version) })
	return found, nil
}

// expected is the version that a new binary must report. The etcd of an archive
// is the archive's choice.
func (b *bench) expected(name Name, place Place) string {
	switch {
	case name.ofKubernetes():
		return b.Version
	case place == Build:
		return recipeFor(name, b.Version).version
	default:
		return ""
	}
}
