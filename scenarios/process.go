// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// process is one of the control plane's that can be taken away and brought back.
type process struct {
	// name is how the timeline has it.
	name                 string
	stop, start, restart func(context.Context) error
	pause, resume        func() error
}

// process gives the functions of the one that is named.
func (w *world) process(r *v1alpha1.ProcessReference) process {
	c := w.cluster
	if r.ControllerManager {
		return process{
			name:    string(harness.KubeControllerManagerBinary),
			stop:    func(context.Context) error { return c.StopControllerManager() },
			start:   c.StartControllerManager,
			restart: c.RestartControllerManager,
			pause:   c.PauseControllerManager,
			resume:  c.ResumeControllerManager,
		}
	}
	i := 0
	if r.APIServer != nil {
		i = *r.APIServer
	}
	return process{
		name:    fmt.Sprintf("kube-apiserver-%d", i),
		stop:    func(ctx context.Context) error { return c.StopAPIServer(ctx, i) },
		start:   func(ctx context.Context) error { return c.StartAPIServer(ctx, i) },
		restart: func(ctx context.Context) error { return c.RestartAPIServer(ctx, i) },
		pause:   func() error { return c.PauseAPIServer(i) },
		resume:  func() error { return c.ResumeAPIServer(i) },
	}
}

// stop ends a process, and starts it again at the end unless the scenario has.
func (w *world) stop(ctx context.Context, p process) error {
	if err := p.stop(ctx); err != nil {
		return err
	}
	w.down(p.name, p.start)
	return nil
}

// start starts a process. One that the scenario itself has not stopped was
// stopped from the beginning, and is so again at the end.
func (w *world) start(ctx context.Context, p process) error {
	w.mu.Lock()
	_, ours := w.backs[p.name]
	w.mu.Unlock()
	if err := w.bring(p.name, func() error { return p.start(ctx) }); err != nil {
		return err
	}
	if !ours {
		w.undo.push("the start of "+p.name, p.stop)
	}
	return nil
}

func (w *world) pause(p process) error {
	if err := p.pause(); err != nil {
		return err
	}
	w.down(p.name, func(context.Context) error { return p.resume() })
	return nil
}

// down remembers what brings a process back, for the scenario's own actions and
// for its end, whichever comes first.
func (w *world) down(name string, back func(context.Context) error) {
	w.mu.Lock()
	if w.backs == nil {
		w.backs = map[string]func(context.Context) error{}
	}
	w.backs[name] = back
	w.mu.Unlock()
	w.undo.push("the loss of "+name, func(ctx context.Context) error {
		w.mu.Lock()
		back, stillDown := w.backs[name]
		delete(w.backs, name)
		w.mu.Unlock()
		if !stillDown {
			return nil
		}
		return back(ctx)
	})
}

// bring does an action that brings a process back.
func (w *world) bring(name string, back func() error) error {
	if err := back(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.backs, name)
	return nil
}
