// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// undoLimit bounds the undoing of one scenario, which must end even when the
// control plane is broken. Deleting an APIService waits until every
// kube-apiserver forgot it, about a second each, and a CRD's deletion takes a
// few; a minute is far beyond what a scenario of twenty objects needs.
const undoLimit = time.Minute

// undoStack holds what takes a scenario's changes back, the latest on top. It is
// safe for use by several goroutines.
type undoStack struct {
	mu    sync.Mutex
	steps []undoStep
}

type undoStep struct {
	what string
	run  func(context.Context) error
}

func (u *undoStack) push(what string, run func(context.Context) error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.steps = append(u.steps, undoStep{what: what, run: run})
}

func (u *undoStack) pop() (undoStep, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.steps) == 0 {
		return undoStep{}, false
	}
	last := u.steps[len(u.steps)-1]
	u.steps = u.steps[:len(u.steps)-1]
	return last, true
}

// unwind runs every step, the latest first, whatever becomes of the others. It
// has a time limit of its own and goes on when ctx is cancelled: a scenario that
// is interrupted must not leave anything behind. A second call finds nothing to
// do.
func (u *undoStack) unwind(ctx context.Context) error {
	bounded, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), undoLimit,
		fmt.Errorf("undoing took longer than %s", undoLimit))
	defer cancel()
	var problems []error
	for {
		step, more := u.pop()
		if !more {
			return errors.Join(problems...)
		}
		if err := step.safely(bounded); err != nil {
			problems = append(problems, fmt.Errorf("undo %s: %w", step.what, err))
		}
	}
}

func (s undoStep) safely(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return s.run(ctx)
}
