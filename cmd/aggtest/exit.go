// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"syscall"

	"github.com/aggtest/aggtest/cmd/aggtest/internal/interrupt"
)

// The exit statuses of every verb but exec, whose status is its command's.
const (
	statusFailed      = 1 // a scenario or a check failed
	statusInput       = 2 // the input is wrong; nothing was started
	statusEnvironment = 3 // the environment could not be started
)

// signalStatus is what a shell reports of a program that a signal ended, so
// that a caller can tell an interrupted run from a failed one.
func signalStatus(signal syscall.Signal) int { return 128 + int(signal) }

// exitError is an error with the exit status that it leads to.
type exitError struct {
	status int
	// err is printed. Nil when all has been said.
	err error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func failedError(err error) error      { return &exitError{statusFailed, err} }
func inputError(err error) error       { return &exitError{statusInput, err} }
func environmentError(err error) error { return &exitError{statusEnvironment, err} }

// statusOf gives the exit status and the error to print.
func statusOf(err error) (int, error) {
	var signal *interrupt.Signal
	var exit *exitError
	switch {
	case errors.As(err, &signal):
		return signalStatus(signal.Signal), signal
	case errors.As(err, &exit):
		return exit.status, exit.err
	case err != nil:
		return statusInput, err
	}
	return 0, nil
}

// isUsage tells an error of cobra's own, on flags and arguments: ours have a
// status.
func isUsage(err error) bool {
	return err != nil && !errors.As(err, new(*exitError)) && !errors.As(err, new(*interrupt.Signal))
}
