// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"os/exec"
	"syscall"
	"time"
)

// outputGrace is how long the output of a killed group is waited for. The group
// is dead by then; only a process that left it can hold the output open.
const outputGrace = 2 * time.Second

// inOwnGroup makes the end of a command's context the end of all processes that
// it started: the go command's compilers would go on without it. They are killed
// outright, because the go command ends at an interrupt without waiting for
// them; what it leaves behind is in the scratch folder. A group of its own also
// keeps a terminal's interrupt from reaching the command before it reached us.
func inOwnGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = outputGrace
}
