// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Swept is what a sweep has cleaned up.
type Swept struct {
	// Runs counts the runs whose owner had gone.
	Runs int
	// Processes are the killed processes, as "name (pid N)".
	Processes []string
	// Paths are the removed files and folders.
	Paths []string
}

// String says it in one line: "2 killed runs: etcd (pid 12), 1 folder".
func (s Swept) String() string {
	if s.Runs == 0 {
		return "nothing"
	}
	return fmt.Sprintf("what %d ended runs had left: %d processes, %d paths", s.Runs, len(s.Processes), len(s.Paths))
}

// Sweep cleans up after runs whose owner was killed before it could stop them:
// it kills the children that are still there, removes folders and sockets, and
// drops the records. A process is killed only if its pid and start time, or for
// one whose owner died before it wrote them down its command line, are those of
// the record. Runs whose owner lives, and those of another pid namespace, are
// left alone.
//
// Several processes may sweep at once; one waits for the other. ctx ends the
// wait. The error joins what could not be cleaned up; such a record stays for
// the next sweep.
func Sweep(ctx context.Context) (Swept, error) {
	var swept Swept
	folder, err := recordFolder()
	if err != nil {
		return swept, fmt.Errorf("sweep ended runs: %w", err)
	}
	unlock, err := lockFolder(ctx, folder)
	if err != nil {
		return swept, fmt.Errorf("sweep ended runs: %w", err)
	}
	defer unlock()
	records, err := filepath.Glob(filepath.Join(folder, "*"+finished))
	if err != nil {
		return swept, fmt.Errorf("sweep ended runs: %w", err)
	}
	var problems []error
	for _, path := range records {
		if err := swept.run(path); err != nil {
			problems = append(problems, fmt.Errorf("sweep the run of %s: %w", path, err))
		}
	}
	return swept, errors.Join(problems...)
}

// run cleans up after one run, if its owner has gone.
func (s *Swept) run(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // its owner has just stopped
	}
	if err != nil {
		return err
	}
	var record recordContent
	if err := json.Unmarshal(text, &record); err != nil {
		return fmt.Errorf("%w; remove the file if it is not needed", err)
	}
	sameBoot := record.Boot == bootID()
	if sameBoot && (record.Space != pidSpace() || record.Owner.alive()) {
		return nil
	}
	var problems []error
	if sameBoot {
		for _, child := range record.Children {
			killed, err := child.sweep()
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", child.Name, err))
			}
			if killed > 0 {
				s.Processes = append(s.Processes, fmt.Sprintf("%s (pid %d)", child.Name, killed))
			}
		}
	}
	for _, left := range record.Paths {
		if _, err := os.Lstat(left); err != nil {
			continue
		}
		if err := os.RemoveAll(left); err != nil {
			problems = append(problems, err)
			continue
		}
		s.Paths = append(s.Paths, left)
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	s.Runs++
	return os.Remove(path)
}

// sweep kills a child if it is still the very process, and returns its pid, or 0
// when there was nothing to kill.
func (c child) sweep() (pid int, err error) {
	id := c.identity
	if id.PID == 0 {
		text, err := os.ReadFile(c.PIDFile)
		if err != nil {
			return 0, nil // never launched
		}
		id.PID, err = strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return 0, nil // its launcher was killed as well
		}
		var running bool
		if id, running = identify(id.PID); !running || c.Marker == "" {
			return 0, nil
		}
	}
	line := commandLine(id.PID)
	if line == "" && c.identity.PID != 0 && id.alive() {
		// It is on its way out and has no command line any more: when its owner
		// went, the kernel hung up on it because it was halted.
		return 0, id.awaitGone()
	}
	if !id.alive() || !strings.Contains(line, c.Marker) {
		return 0, nil
	}
	if err := id.kill(); err != nil {
		return 0, err
	}
	return id.PID, id.awaitGone()
}

// lockPoll is how often a lock that another process holds is tried again. A
// sweep takes some milliseconds for each run.
const lockPoll = 10 * time.Millisecond

// lockFolder takes the lock of a folder for this process. The kernel gives it
// back when the process ends, however it ends.
func lockFolder(ctx context.Context, folder string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			_ = file.Close()
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("wait for another sweep: %w", context.Cause(ctx))
		}
	}
}
