// SPDX-License-Identifier: Apache-2.0

package scenarios

import "context"

// schedule runs each job once, at most parallel at a time, and never two whose
// claims overlap. Jobs begin in their order as far as that allows: a job may
// overtake one that has to wait only when it claims nothing that the other
// waits for, so that none waits for ever, and the order in which jobs become
// ready to run depends on nothing but how long they take.
//
// When ctx ends no more jobs are run but given to skip. schedule returns when
// the last one has.
func schedule(ctx context.Context, jobs []*job, parallel int, run, skip func(*job)) {
	waiting := append([]*job(nil), jobs...)
	running := map[*job]bool{}
	done := make(chan *job)
	for len(waiting) > 0 || len(running) > 0 {
		if ctx.Err() != nil {
			for _, j := range waiting {
				skip(j)
			}
			waiting = nil
		}
		for len(running) < parallel {
			i := next(waiting, running)
			if i < 0 {
				break
			}
			j := waiting[i]
			waiting = append(waiting[:i], waiting[i+1:]...)
			running[j] = true
			go func() {
				defer func() { done <- j }()
				run(j)
			}()
		}
		if len(running) > 0 {
			delete(running, <-done)
		}
	}
}

// next is the first waiting job that collides with nothing that runs and with
// none that waits before it, or -1.
func next(waiting []*job, running map[*job]bool) int {
	for i, candidate := range waiting {
		free := true
		for j := range running {
			free = free && !candidate.claims.overlaps(j.claims)
		}
		for _, earlier := range waiting[:i] {
			free = free && !candidate.claims.overlaps(earlier.claims)
		}
		if free {
			return i
		}
	}
	return -1
}
