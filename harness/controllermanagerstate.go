// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"

	"github.com/aggtest/aggtest/harness/timeline"
)

// HasControllerManager tells whether the control plane has a
// kube-controller-manager, running or not.
func (c *Cluster) HasControllerManager() bool { return c.controllers != nil }

// ControllerManagerTail returns the last n lines of the log of the
// kube-controller-manager, of all its lives. Without one there are none.
func (c *Cluster) ControllerManagerTail(n int) []string {
	if c.controllers == nil {
		return nil
	}
	return c.controllers.log.tail(n)
}

// StartControllerManager starts the kube-controller-manager and returns when it
// answers its health check. Its controllers begin then, each when its informers
// have listed. The error has the end of its log. One that runs is an error.
func (c *Cluster) StartControllerManager(ctx context.Context) error {
	return c.onControllers(ctx, "start", func(m *controllerManager) error {
		if m.running() {
			return errors.New("it runs already")
		}
		ctx, cancel := context.WithTimeout(ctx, controllerManagerLimit)
		defer cancel()
		err := m.start(ctx)
		if errors.Is(err, errPortTaken) {
			// Chosen a moment ago, and taken since: another is free.
			err = m.start(ctx)
		}
		return err
	})
}

// StopControllerManager kills the kube-controller-manager and returns when it has
// gone. One that does not run is an error.
func (c *Cluster) StopControllerManager() error {
	return c.onControllers(context.Background(), "stop", func(m *controllerManager) error {
		if !m.running() {
			return errors.New("it does not run")
		}
		return m.stop()
	})
}

// RestartControllerManager stops the kube-controller-manager and starts it: see
// [Cluster.StopControllerManager] and [Cluster.StartControllerManager].
func (c *Cluster) RestartControllerManager(ctx context.Context) error {
	if err := c.StopControllerManager(); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	if err := c.StartControllerManager(ctx); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	return nil
}

// PauseControllerManager halts the kube-controller-manager as it is: nothing is
// controlled until [Cluster.ResumeControllerManager]. One that does not run is an
// error.
func (c *Cluster) PauseControllerManager() error {
	return c.onControllers(context.Background(), "pause", func(m *controllerManager) error {
		if !m.running() || m.isPaused() {
			return errors.New("it does not run")
		}
		if err := m.process.Pause(); err != nil {
			return err
		}
		m.setPaused(true)
		c.timeline.Record(timeline.Fault{On: controllerManagerName, What: paused})
		return nil
	})
}

// ResumeControllerManager lets a paused kube-controller-manager go on. One that is
// not paused is an error.
func (c *Cluster) ResumeControllerManager() error {
	return c.onControllers(context.Background(), "resume", func(m *controllerManager) error {
		if !m.isPaused() {
			return errors.New("it is not paused")
		}
		if err := m.process.Resume(); err != nil {
			return err
		}
		m.setPaused(false)
		c.timeline.Record(timeline.Fault{On: controllerManagerName, What: paused, Undone: true})
		return nil
	})
}

// onControllers lets f change the kube-controller-manager. Changes wait for one
// another.
func (c *Cluster) onControllers(ctx context.Context, verb string, f func(*controllerManager) error) error {
	if c.controllers == nil {
		return fmt.Errorf("%s %s: %w", verb, controllerManagerName, errNoControllerManager)
	}
	select {
	case c.controllers.turn <- struct{}{}:
		defer func() { <-c.controllers.turn }()
	case <-ctx.Done():
		return fmt.Errorf("%s %s: %w", verb, controllerManagerName, context.Cause(ctx))
	}
	if err := f(c.controllers); err != nil {
		return fmt.Errorf("%s %s: %w", verb, controllerManagerName, err)
	}
	return nil
}
