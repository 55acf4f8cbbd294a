// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lockInterval is how soon a lock that came free is seen. The system's own
// waiting for a lock cannot be ended by a context; and what is waited for takes
// seconds to minutes.
const lockInterval = 100 * time.Millisecond

// lock takes the exclusive lock on a file that it makes, waiting for whoever
// has it until ctx ends. waiting is called when it has to wait, with the
// process id of the holder, 0 if that is not known yet. The system frees the
// lock of a process that dies.
func lock(ctx context.Context, path string, waiting func(pid int)) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	ticker := time.NewTicker(lockInterval)
	defer ticker.Stop()
	last := -1
	for {
		unlock, err := tryLock(path)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) {
			return unlock, err
		}
		if pid := lockHolder(path); pid != last {
			last = pid
			waiting(pid)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for process %d to install: %w", last, ctx.Err())
		}
	}
}

// tryLock fails with EWOULDBLOCK if somebody else has the lock. The file stays
// when the lock is freed, because another process may have it open to wait.
func tryLock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	// The process id is for people who wait; nothing depends on it.
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	}
	return func() { f.Close() }, nil
}

func lockHolder(path string) int {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0
	}
	return pid
}
