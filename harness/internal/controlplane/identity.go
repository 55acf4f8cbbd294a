// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// identity tells a process from any later one that got the same pid.
type identity struct {
	// PID is the process id.
	PID int `json:"pid"`
	// Started is when it started, in whatever form the system tells it. It is
	// compared, never read.
	Started string `json:"started"`
}

// identify returns the identity of the process that has the pid now, and false
// when there is none, or only one that has ended and was not waited for yet.
func identify(pid int) (identity, bool) {
	started, running := lookup(pid)
	return identity{PID: pid, Started: started}, running
}

// alive tells whether the very process still runs.
func (id identity) alive() bool {
	now, running := identify(id.PID)
	return running && now == id
}

// kill ends the very process by SIGKILL, halted or not, and does nothing when it
// has gone. It does not wait for the end.
func (id identity) kill() error {
	if err := id.signal(os.Kill); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// signal sends the very process a signal. The error is os.ErrProcessDone when
// it has gone.
func (id identity) signal(sig os.Signal) error {
	// The handle is taken first and the identity checked after: on Linux it is
	// a pidfd, so that the signal cannot meet a later owner of the pid.
	process, err := os.FindProcess(id.PID)
	if err != nil {
		return fmt.Errorf("signal process %d: %w", id.PID, os.ErrProcessDone)
	}
	defer func() { _ = process.Release() }()
	if !id.alive() {
		return fmt.Errorf("signal process %d: %w", id.PID, os.ErrProcessDone)
	}
	if err := process.Signal(sig); err != nil {
		return fmt.Errorf("send %s to process %d: %w", sig, id.PID, err)
	}
	return nil
}

const (
	// gonePoll is how often a killed process of somebody else is looked at: its
	// end cannot be waited for, and a kill takes a few milliseconds.
	gonePoll = 2 * time.Millisecond
	// goneLimit is how long a killed process may take to go. Only one that is
	// stuck in the kernel takes longer than some milliseconds.
	goneLimit = 10 * time.Second
)

// awaitGone waits for the end of a process that was killed.
func (id identity) awaitGone() error {
	tick := time.NewTicker(gonePoll)
	defer tick.Stop()
	limit := time.NewTimer(goneLimit)
	defer limit.Stop()
	for id.alive() {
		select {
		case <-tick.C:
		case <-limit.C:
			return fmt.Errorf("process %d is still there %s after it was killed", id.PID, goneLimit)
		}
	}
	return nil
}
