// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// State is what a kube-apiserver is made to be.
type State string

const (
	// Running is a kube-apiserver that was started, whether or not it has exited
	// by itself since.
	Running State = "running"
	// Stopped is one that was ended by [ControlPlane.StopAPIServer].
	Stopped State = "stopped"
	// Paused is one that was halted by [ControlPlane.PauseAPIServer].
	Paused State = "paused"
)

// member is one kube-apiserver through all its lives: a process for each, with
// the same flags and on the same port.
type member struct {
	config APIServer
	port   int
	// next makes the process of the next life.
	next func() *Process
	// turn is held by who changes the member, as long as that takes.
	turn chan struct{}

	// mu guards what follows, which is looked at at any time.
	mu      sync.Mutex
	process *Process
	state   State
	// free gives the port back while the member is stopped. Nil when it is not,
	// or when the port could not be kept.
	free func()
}

func newMember(config APIServer, port int, next func() *Process) *member {
	return &member{config: config, port: port, next: next, turn: make(chan struct{}, 1), process: next(), state: Running}
}

func (m *member) now() (*Process, State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.process, m.state
}

func (m *member) become(state State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = state
}

// keepPort keeps the port of a stopped member from everybody else on this
// machine. When it cannot, a start finds out.
func (m *member) keepPort() {
	free, err := holdPort(m.port)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = free
}

func (m *member) freePort() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.free != nil {
		m.free()
		m.free = nil
	}
}

// errEnding is why a change ends when the whole control plane is stopped.
var errEnding = errors.New("the control plane is being stopped")

// change lets f change one kube-apiserver. Changes of the same one wait for one
// another, and all end when the control plane does.
func (c *ControlPlane) change(ctx context.Context, verb string, i int, f func(context.Context, *member) error) error {
	if i < 0 || i >= len(c.servers) {
		return fmt.Errorf("%s kube-apiserver %d: there are %d, counted from 0", verb, i, len(c.servers))
	}
	m := c.servers[i]
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.life, func() { cancel(errEnding) })()
	if err := c.whenFree(ctx, m, f); err != nil {
		return fmt.Errorf("%s %s: %w", verb, m.config.Name, err)
	}
	return nil
}

func (c *ControlPlane) whenFree(ctx context.Context, m *member, f func(context.Context, *member) error) error {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	switch {
	case c.life.Err() != nil:
		return errEnding
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return f(ctx, m)
}

// StopAPIServer kills a kube-apiserver, counted from 0, and returns when it has
// gone: connections to it are refused. It has no chance to say good-bye to
// anybody, like a machine that loses its power. Its port is kept for it. One
// that was stopped already is an error.
func (c *ControlPlane) StopAPIServer(ctx context.Context, i int) error {
	return c.change(ctx, "stop", i, func(_ context.Context, m *member) error {
		process, state := m.now()
		if state == Stopped {
			return errors.New("it is stopped already")
		}
		if err := process.stop(); err != nil {
			return err
		}
		m.become(Stopped)
		m.keepPort()
		return nil
	})
}

// StartAPIServer starts a kube-apiserver that was stopped or has exited, with
// the same flags and on the same port, and returns when it is ready in full.
// When it does not become so, it is stopped again, and the error is a
// [*CrashError] with its own words or wraps ctx's cause. One that runs is an
// error.
func (c *ControlPlane) StartAPIServer(ctx context.Context, i int) error {
	return c.change(ctx, "start", i, func(ctx context.Context, m *member) error {
		before, state := m.now()
		switch {
		case state == Paused:
			return errors.New("it is paused: resume it instead")
		case state == Running && !before.gone():
			return errors.New("it runs already")
		}
		// What has exited by itself is told to go as well: envtest's side of it
		// must have ended.
		if err := before.stop(); err != nil {
			return err
		}
		process := m.next()
		process.continues = true
		m.mu.Lock()
		m.process = process
		m.mu.Unlock()
		if err := c.revive(ctx, m, process); err != nil {
			err = errors.Join(err, process.stop())
			m.become(Stopped)
			m.keepPort()
			return err
		}
		m.become(Running)
		return nil
	})
}

// revive launches the process of a member and waits until it is ready.
func (c *ControlPlane) revive(ctx context.Context, m *member, process *Process) error {
	if heldPortCanBeTaken {
		defer m.freePort()
	} else {
		m.freePort()
	}
	if err := process.launch(); err != nil {
		// Nothing was started, so that nothing will end by itself.
		process.abandon()
		return err
	}
	if err := c.prober.await(ctx, process, c.etcd, settledPath); err != nil {
		return err
	}
	// envtest looks ten times a second. A stop before it has seen the child
	// healthy would leave its poller waiting for somebody to tell.
	if err := process.awaitHealthy(ctx); err != nil {
		return err
	}
	process.ready()
	return nil
}

// PauseAPIServer halts a kube-apiserver by SIGSTOP, and returns when none of its
// threads runs any more. Its connections stay open, the kernel accepts new ones
// in its name, and nobody answers.
func (c *ControlPlane) PauseAPIServer(i int) error {
	return c.change(context.Background(), "pause", i, func(_ context.Context, m *member) error {
		process, state := m.now()
		if state != Running {
			return fmt.Errorf("it is %s", state)
		}
		if process.gone() {
			return errors.New("it has exited")
		}
		if err := process.id.pause(); err != nil {
			return err
		}
		m.become(Paused)
		return nil
	})
}

// ResumeAPIServer lets a paused kube-apiserver go on, by SIGCONT.
func (c *ControlPlane) ResumeAPIServer(i int) error {
	return c.change(context.Background(), "resume", i, func(_ context.Context, m *member) error {
		process, state := m.now()
		if state != Paused {
			return fmt.Errorf("it is %s, not paused", state)
		}
		m.become(Running)
		return process.id.signal(syscall.SIGCONT)
	})
}

// State returns what a kube-apiserver, counted from 0, is made to be.
func (c *ControlPlane) State(i int) State {
	_, state := c.servers[i].now()
	return state
}

// SetFrontProxy writes another certificate and key of the aggregator for one
// kube-apiserver, counted from 0. A running one reloads the files by itself, at
// once by a watch of them and at the latest after a minute
// (k8s.io/apiserver@v0.37.2/pkg/server/dynamiccertificates/dynamic_serving_content.go:141-146),
// and makes new connections with them
// (k8s.io/kube-aggregator@v0.37.2/pkg/apiserver/apiserver.go:314,
// apiservice_controller.go:203).
func (c *ControlPlane) SetFrontProxy(i int, pair KeyPair) error {
	return c.change(context.Background(), "set the front-proxy certificate of", i, func(_ context.Context, m *member) error {
		for _, file := range []struct {
			name    string
			content []byte
		}{{frontProxyCert, pair.Cert}, {frontProxyKey, pair.Key}} {
			path := c.layout.file(m.config.Name, file.name)
			// In one step: a half-written file would be read, and refused, and
			// read again only after a back-off.
			if err := os.WriteFile(path+unfinished, file.content, 0o600); err != nil {
				return err
			}
			if err := os.Rename(path+unfinished, path); err != nil {
				return err
			}
		}
		return nil
	})
}

// pause halts the process and waits until it is.
func (id identity) pause() error {
	if err := id.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	tick := time.NewTicker(gonePoll)
	defer tick.Stop()
	limit := time.NewTimer(goneLimit)
	defer limit.Stop()
	for !halted(id.PID) {
		select {
		case <-tick.C:
			if !id.alive() {
				return fmt.Errorf("pause process %d: %w", id.PID, os.ErrProcessDone)
			}
		case <-limit.C:
			return errors.Join(fmt.Errorf("process %d still runs %s after SIGSTOP", id.PID, goneLimit), id.signal(syscall.SIGCONT))
		}
	}
	return nil
}
