// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"os"
	"syscall"
)

// Pause halts the program by SIGSTOP and returns when none of its threads runs
// any more. The error is os.ErrProcessDone when it has gone.
func (c *Command) Pause() error {
	if !c.Running() {
		return os.ErrProcessDone
	}
	return c.id.pause()
}

// Resume lets a program go on that was halted, by SIGCONT.
func (c *Command) Resume() error { return c.Signal(syscall.SIGCONT) }
