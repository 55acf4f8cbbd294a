// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

// CommandConfig says what program to run as one more child of a run.
type CommandConfig struct {
	// Name is in the record and on the timeline.
	Name string
	// Path of the program, absolute, and Args, without the program's name.
	Path string
	Args []string
	// Env is all of its environment.
	Env []string
	// Dir is its working directory.
	Dir string
	// Output gets what it writes to its standard output and its standard error,
	// and is closed after the last of it. Its type must be comparable.
	Output io.WriteCloser
	// Record is where it is written down before it runs, for [Sweep].
	Record *Record
	// Timeline gets a timeline.Process when it starts and when it ends. Nil
	// discards them.
	Timeline *timeline.Timeline
}

// Command is a program that runs, or has run, as a child of a run. It leads a
// process group of its own, so that an interrupt at the terminal is not for it
// and what it had started ends with it.
type Command struct {
	config CommandConfig
	cmd    *exec.Cmd
	id     identity
	// stopping is true when the end is our own doing.
	stopping atomic.Bool
	// exited is closed when the program has gone and its output has been read.
	exited chan struct{}
}

// waitForOwner is the shell's part in a start: it becomes the program as soon as
// the owner says so on descriptor 3, which is when the record has it. If the
// owner is killed before that, the descriptor ends, and so does the shell. The
// pid and the start time stay what they are.
const waitForOwner = `read -r line <&3 || exit 1; exec 3<&-; exec "$@"`

// outputGrace is how long the output is read after the program has gone: what
// it wrote is in the pipe by then, and only a process that it left behind can
// hold the pipe open.
const outputGrace = time.Second

// StartCommand starts a program and returns when it has been started, which is
// long before it is ready for anything. One goroutine waits for its end. Errors
// do not have its name.
func StartCommand(cfg CommandConfig) (*Command, error) {
	// Without it the system says that the shell is not there.
	if _, err := os.Stat(cfg.Dir); err != nil {
		return nil, fmt.Errorf("look at its working directory: %w", err)
	}
	wait, release, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start it: %w", err)
	}
	defer func() { _ = release.Close() }()
	cmd := exec.Command("/bin/sh", append([]string{"-c", waitForOwner, "sh", cfg.Path}, cfg.Args...)...)
	// Not nil, which would mean our own.
	cmd.Env = append([]string{}, cfg.Env...)
	cmd.Dir = cfg.Dir
	cmd.Stdout, cmd.Stderr = cfg.Output, cfg.Output
	cmd.ExtraFiles = []*os.File{wait}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = outputGrace
	err = cmd.Start()
	_ = wait.Close()
	if err != nil {
		return nil, fmt.Errorf("start it: %w", err)
	}
	c := &Command{config: cfg, cmd: cmd, exited: make(chan struct{})}
	c.id, _ = identify(cmd.Process.Pid)
	err = cfg.Record.AddProcess(cfg.Name, cmd.Process.Pid)
	if err == nil {
		_, err = release.Write([]byte("\n"))
	}
	if err != nil {
		// Without the word the shell ends by itself.
		_ = release.Close()
		_ = cmd.Wait()
		_ = cfg.Record.forget(c.id)
		return nil, fmt.Errorf("start it: %w", err)
	}
	cfg.Timeline.Record(timeline.Process{Name: cfg.Name, What: "started", PID: c.id.PID})
	go c.await()
	return c, nil
}

// await waits for the program's end and tidies up after it.
func (c *Command) await() {
	defer close(c.exited)
	// What there is to say stands in the process's state.
	_ = c.cmd.Wait()
	c.killGroup()
	// Whoever reads the output was told all of it.
	_ = c.config.Output.Close()
	// A record that is closed needs no more changes.
	_ = c.config.Record.forget(c.id)
	what := "stopped"
	if !c.stopping.Load() {
		what = "exited: " + c.cmd.ProcessState.String()
	}
	c.config.Timeline.Record(timeline.Process{Name: c.config.Name, What: what, PID: c.id.PID})
}

// killGroup kills what is left of the program's process group.
func (c *Command) killGroup() {
	// The group has gone when nobody is left in it, which is as well.
	_ = syscall.Kill(-c.id.PID, syscall.SIGKILL)
}

// PID returns the process id. It stays when the program has exited.
func (c *Command) PID() int { return c.id.PID }

// Exited is closed when the program has gone and all of its output was read.
func (c *Command) Exited() <-chan struct{} { return c.exited }

// Running tells whether the program has not exited yet.
func (c *Command) Running() bool {
	select {
	case <-c.exited:
		return false
	default:
		return true
	}
}

// Status says how the program ended, such as "exit status 2" or "signal:
// killed". It is empty while it runs.
func (c *Command) Status() string {
	if c.Running() {
		return ""
	}
	return c.cmd.ProcessState.String()
}

// Memory returns the resident memory of the program in bytes, and 0 when it has
// gone or the system does not tell.
func (c *Command) Memory() int64 {
	if !c.Running() {
		return 0
	}
	return memory(c.id.PID)
}

// Ready writes down that the program has answered.
func (c *Command) Ready() {
	c.config.Timeline.Record(timeline.Process{Name: c.config.Name, What: "ready", PID: c.id.PID})
}

// Signal sends the program a signal. The error is os.ErrProcessDone when it has
// gone.
func (c *Command) Signal(sig os.Signal) error { return c.id.signal(sig) }

// Stop ends the program and returns when it has gone: by SIGTERM and, when it is
// still there after grace, by SIGKILL. A grace of 0 kills it at once. One that
// has exited is no error.
func (c *Command) Stop(grace time.Duration) error {
	c.stopping.Store(true)
	if grace > 0 && c.Running() {
		if err := c.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		// One that is halted would not see the other signal.
		_ = c.Signal(syscall.SIGCONT)
		c.awaitExit(grace)
	}
	if !c.Running() {
		return nil
	}
	c.killGroup()
	if !c.awaitExit(goneLimit) {
		return fmt.Errorf("process %d is still there %s after it was killed", c.id.PID, goneLimit)
	}
	return nil
}

func (c *Command) awaitExit(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c.exited:
		return true
	case <-timer.C:
		return false
	}
}

// forget takes a process that has gone out of the record.
func (r *Record) forget(id identity) error {
	return r.change(func(c *recordContent) {
		c.Children = slices.DeleteFunc(c.Children, func(child child) bool { return child.identity == id })
	})
}

// reserveTries is how often a port is chosen. Between the choice and the hold
// somebody else may get it, another reservation of ours among them.
const reserveTries = 10

// ReservePort chooses a port of 127.0.0.1 that nobody listens on and holds it as
// [HoldPort] does.
func ReservePort() (port int, release func(), err error) {
	for range reserveTries {
		var ports []int
		if ports, err = freePorts(1); err != nil {
			return 0, nil, fmt.Errorf("choose a port: %w", err)
		}
		if release, err = HoldPort(ports[0]); !errors.Is(err, syscall.EADDRINUSE) {
			return ports[0], release, err
		}
	}
	return 0, nil, err
}

// HoldPort binds a port of 127.0.0.1 without listening: connections to it are
// refused, and the kernel gives it to nobody who asks for any port. release
// gives it back.
func HoldPort(port int) (release func(), err error) { return holdPort(port) }
