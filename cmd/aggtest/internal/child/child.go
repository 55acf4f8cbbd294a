// SPDX-License-Identifier: Apache-2.0

// Package child runs a command in the foreground, as a shell would.
package child

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// Runner runs one command and passes the signals on that are meant for it.
type Runner struct {
	command *exec.Cmd
	signals chan os.Signal
}

// New takes the signals over, from now until Discard.
func New(command *exec.Cmd) *Runner {
	r := &Runner{command: command, signals: make(chan os.Signal, 8)}
	signal.Notify(r.signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	return r
}

// Discard gives the signals back. Until then those that come when the command
// has ended do nothing.
func (r *Runner) Discard() { signal.Stop(r.signals) }

// Run starts the command, waits for its end and gives its exit status: 128 and
// the signal's number when a signal ended it. The error is that it could not be
// started. A second SIGTERM kills the command.
func (r *Runner) Run() (status int, err error) {
	if err := r.command.Start(); err != nil {
		return 0, fmt.Errorf("run %s: %w", r.command.Path, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.command.Wait() }()
	terminated := false
	for {
		select {
		case received := <-r.signals:
			if fromTerminal(received) {
				continue
			}
			if received == syscall.SIGTERM {
				if terminated {
					received = syscall.SIGKILL
				}
				terminated = true
			}
			// A command that has just ended needs no signal.
			_ = r.command.Process.Signal(received)
		case err := <-ended:
			return statusOf(r.command.ProcessState, err)
		}
	}
}

func statusOf(state *os.ProcessState, err error) (int, error) {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("wait for the command: %w", err)
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return state.ExitCode(), nil
}

// fromTerminal tells that a signal was made of a key. The terminal gives it to
// all processes in the foreground, so that the command has it already.
func fromTerminal(received os.Signal) bool {
	if received != syscall.SIGINT && received != syscall.SIGQUIT {
		return false
	}
	foreground, err := unix.IoctlGetInt(int(os.Stdin.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}
