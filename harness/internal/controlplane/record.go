// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Record is what one run leaves behind if its owner is killed: child processes,
// folders and sockets. It is a file in a folder of the user's own, and [Sweep]
// acts on it once the owner, the process that called [NewRecord], has gone.
//
// A Record is safe for use by several goroutines.
type Record struct {
	mu      sync.Mutex
	path    string
	content recordContent
	closed  bool
}

type recordContent struct {
	// Boot and Space are where the pids are valid.
	Boot  string `json:"boot,omitempty"`
	Space string `json:"space,omitempty"`
	// Owner is the process that made the run.
	Owner identity `json:"owner"`
	// Paths are removed with all that is below them.
	Paths []string `json:"paths,omitempty"`
	// Children are killed.
	Children []child `json:"children,omitempty"`
}

// child is a process of a run. It is written down in two steps, so that there is
// no moment at which a child exists that no sweep would find: first the file
// that its launcher writes its pid to, and once the child runs its identity.
type child struct {
	Name string `json:"name"`
	identity
	// PIDFile is read when no identity was written down.
	PIDFile string `json:"pidFile,omitempty"`
	// Marker is a text that the command line must hold. It is all that proves
	// that a process found by PIDFile is ours.
	Marker string `json:"marker,omitempty"`
}

// NewRecord begins the record of a run that this process owns.
func NewRecord() (*Record, error) {
	folder, err := recordFolder()
	if err != nil {
		return nil, err
	}
	owner, ok := identify(os.Getpid())
	if !ok {
		return nil, fmt.Errorf("begin the record of a run: process %d, which is this one, cannot be looked up", os.Getpid())
	}
	file, err := os.CreateTemp(folder, "*"+unfinished)
	if err != nil {
		return nil, fmt.Errorf("begin the record of a run: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("begin the record of a run: %w", err)
	}
	r := &Record{
		path:    file.Name()[:len(file.Name())-len(unfinished)] + finished,
		content: recordContent{Boot: bootID(), Space: pidSpace(), Owner: owner},
	}
	return r, r.save()
}

// name returns the record's own name, which no other record of the user has.
func (r *Record) name() string {
	return strings.TrimSuffix(filepath.Base(r.path), finished)
}

const (
	// finished is how the name of a whole record ends.
	finished = ".json"
	// unfinished is how one ends that is being written.
	unfinished = ".tmp"
)

// AddPath writes down a file, a socket or a folder of the run, absolute, which
// need not exist yet. A sweep removes it with all that is below it.
func (r *Record) AddPath(path string) error {
	path = filepath.Clean(path)
	if !filepath.IsAbs(path) || tooMuch(path) {
		return fmt.Errorf("record the path %s of a run: not a path that a run could own", path)
	}
	return r.change(func(c *recordContent) { c.Paths = append(c.Paths, path) })
}

// tooMuch tells whether a path is one that no run may own: a mistake here would
// cost the user's files.
func tooMuch(path string) bool {
	home, _ := os.UserHomeDir()
	for _, whole := range []string{home, os.TempDir()} {
		if rel, err := filepath.Rel(path, whole); whole != "" && err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return filepath.Dir(path) == path
}

// AddProcess writes down a running process of the run. A sweep kills it.
func (r *Record) AddProcess(name string, pid int) error {
	id, running := identify(pid)
	if !running {
		return fmt.Errorf("record process %s of a run: no process %d", name, pid)
	}
	return r.change(func(c *recordContent) {
		c.Children = append(c.Children, child{Name: name, identity: id})
	})
}

// expect writes down a child that is about to be launched.
func (r *Record) expect(name, pidFile, marker string) error {
	return r.change(func(c *recordContent) {
		for i := range c.Children {
			if c.Children[i].PIDFile == pidFile {
				c.Children[i].identity = identity{}
				return
			}
		}
		c.Children = append(c.Children, child{Name: name, PIDFile: pidFile, Marker: marker})
	})
}

// found writes down the identity of a child that was expected.
func (r *Record) found(pidFile string, id identity) error {
	return r.change(func(c *recordContent) {
		for i := range c.Children {
			if c.Children[i].PIDFile == pidFile {
				c.Children[i].identity = id
			}
		}
	})
}

// Close ends the record, once all that it names has gone. When one of its paths
// is still there, such as the log that a failed start has left, the record
// stays, and the first sweep after this process's end removes the path. A second
// Close does nothing.
func (r *Record) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	for _, path := range r.content.Paths {
		if _, err := os.Lstat(path); err == nil {
			r.content.Children = nil
			return r.save()
		}
	}
	if err := os.Remove(r.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("end the record of a run: %w", err)
	}
	return nil
}

func (r *Record) change(apply func(*recordContent)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return errors.New("change the record of a run: it is closed")
	}
	apply(&r.content)
	return r.save()
}

// save writes the record in one step, so that a sweep never reads half of it.
func (r *Record) save() error {
	content, err := json.MarshalIndent(r.content, "", "  ")
	if err != nil {
		return fmt.Errorf("write the record of a run: %w", err)
	}
	draft := r.path[:len(r.path)-len(finished)] + unfinished
	if err := os.WriteFile(draft, append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the record of a run: %w", err)
	}
	if err := os.Rename(draft, r.path); err != nil {
		return fmt.Errorf("write the record of a run: %w", err)
	}
	return nil
}

// recordFolder returns the folder of all the user's records, and makes it when
// it is not there. It stands in a folder that others may write to, and a sweep
// kills and removes what is written in it: so it must be the user's own and
// closed to others.
func recordFolder() (string, error) {
	uid := os.Getuid()
	top := filepath.Join(os.TempDir(), fmt.Sprintf("aggtest-%d", uid))
	folder := filepath.Join(top, "runs")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the folder of records: %w", err)
	}
	for _, path := range []string{top, folder} {
		info, err := os.Lstat(path)
		if err != nil {
			return "", fmt.Errorf("look at the folder of records: %w", err)
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !info.IsDir() || !ok || int(owner.Uid) != uid || info.Mode().Perm()&0o077 != 0 {
			return "", fmt.Errorf("use %s for records: it must be a folder of user %d alone (mode 0700): remove it, or set TMPDIR", path, uid)
		}
	}
	return folder, nil
}
