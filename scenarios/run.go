// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/timeline"
	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// defaultParallel is how many scenarios share a control plane at once. They
// mostly wait for the aggregator's timers, so that more than there are
// processors pays; but each runs servers and kubectl too, and what a scenario
// expects within a second must not wait for a processor.
const defaultParallel = 4

// ownAtOnce bounds the control planes that run beside the shared one. Each needs
// 350 MB, or 900 MB with three kube-apiservers, and a processor for some seconds
// when it boots.
const ownAtOnce = 2

// Report is what became of a run: see package report.
type Report = report.Report

// Options say how scenarios are run. The zero value runs each once, on a default
// control plane.
type Options struct {
	// Harness is the configuration of every control plane that is booted. A
	// scenario's own flags, environment and number of kube-apiservers go over it.
	Harness harness.Config
	// Parallel is how many scenarios run at once on the shared control plane, as
	// far as they do not get in each other's way. 0 means 4.
	Parallel int
	// Repeat is how often the whole list is run. 0 means once.
	Repeat int
	// NoTimelines leaves what happened in each scenario out of the report, some
	// hundred kilobytes for each of them: what a run repeated for hours would
	// fill the memory with. The observer is told of it all the same.
	NoTimelines bool
	// Keep is called with a scenario that failed, while all that it made still
	// stands; it is undone when Keep returns. Other scenarios go on meanwhile.
	// Keep should return when its context ends. Nil undoes at once.
	Keep func(ctx context.Context, cluster *harness.Cluster, failed report.Scenario)
	// Observer is told what happens, as it happens. Nil tells nobody.
	Observer Observer
	// Timeline is called with the timeline of each control plane before it is
	// booted; what says which. Nil is not called.
	Timeline func(what string, tl *timeline.Timeline)
}

// Run runs the scenarios and says what became of each, in the order given.
//
// It boots one control plane for all scenarios that ask for none of their own,
// and beside it, two at a time, those that others ask for: scenarios that ask for
// the same share one. All are closed when Run returns.
//
// The report is never nil and holds every scenario, also when there is an error:
// when the shared control plane, or every one of the scenarios' own, could not be
// started; when one could not be taken away again; or when ctx ended, whose cause
// is then in the error. What is wrong with a scenario is in the report alone.
func Run(ctx context.Context, selected []*v1alpha1.Case, opts Options) (*Report, error) {
	if opts.Observer == nil {
		opts.Observer = NopObserver{}
	}
	observer := &serialObserver{to: opts.Observer}
	r := &runner{
		parallel:    opts.Parallel,
		observer:    observer,
		noTimelines: opts.NoTimelines,
		boot: func(ctx context.Context, what string, want *v1alpha1.ControlPlane) (plane, error) {
			return opts.boot(ctx, what, want, observer)
		},
	}
	if r.parallel <= 0 {
		r.parallel = defaultParallel
	}
	return r.runAll(ctx, selected, opts.Repeat)
}

// runner carries out a plan.
type runner struct {
	parallel    int
	noTimelines bool
	observer    *serialObserver
	boot        func(ctx context.Context, what string, want *v1alpha1.ControlPlane) (plane, error)

	mu     sync.Mutex
	report Report
	// booted counts the control planes that could be started, and left are those
	// that could not be taken away.
	booted int
	left   []error
}

func (r *runner) runAll(ctx context.Context, selected []*v1alpha1.Case, repeat int) (*Report, error) {
	p, err := newPlan(selected, repeat)
	r.report.Scenarios = make([]report.Scenario, p.jobs)
	if err != nil {
		return &r.report, err
	}
	for _, j := range p.left {
		r.finish(j, j.skipped(j.scenario.Spec.Skip.Reason))
	}
	// The others are booted once the shared one answers, so that on a small
	// machine the first result is there soon. This wait has its end in runGroup.
	sharedBooted := make(chan struct{})
	var ownErr error
	var both sync.WaitGroup
	both.Go(func() {
		<-sharedBooted
		ownErr = r.runOwn(ctx, p.own)
	})
	sharedErr := r.runGroup(ctx, p.shared, r.parallel, sync.OnceFunc(func() { close(sharedBooted) }))
	both.Wait()
	if ctx.Err() != nil {
		return &r.report, fmt.Errorf("run scenarios: %w", context.Cause(ctx))
	}
	if sharedErr == nil && r.booted > 0 {
		ownErr = nil
	}
	return &r.report, errors.Join(append(r.left, sharedErr, ownErr)...)
}

// runOwn runs the groups that have a control plane of their own, some at once.
func (r *runner) runOwn(ctx context.Context, groups []group) error {
	errs := make([]error, len(groups))
	var running errgroup.Group
	running.SetLimit(min(r.parallel, ownAtOnce))
	for i, g := range groups {
		running.Go(func() error {
			errs[i] = r.runGroup(ctx, g, r.parallel, func() {})
			return nil
		})
	}
	// The errors are kept by group, for their order.
	_ = running.Wait()
	return errors.Join(errs...)
}

// runGroup boots the control plane of a group, runs its jobs and closes it. ready
// is called when it was booted, or will not be. The error is that of the boot.
func (r *runner) runGroup(ctx context.Context, g group, parallel int, ready func()) error {
	defer ready()
	if len(g.jobs) == 0 {
		return nil
	}
	if ctx.Err() != nil {
		for _, j := range g.jobs {
			r.finish(j, j.skipped("interrupted before it began"))
		}
		return nil
	}
	began := time.Now()
	r.observer.tell(func(o Observer) { o.Booting(g.String()) })
	p, err := r.boot(ctx, g.String(), g.controlPlane)
	if err != nil {
		err = fmt.Errorf("start %s: %w", g, err)
		r.observer.tell(func(o Observer) { o.Booted(g.String(), "", time.Since(began), err) })
		for _, j := range g.jobs {
			if ctx.Err() != nil {
				r.finish(j, j.skipped("interrupted before it began"))
				continue
			}
			r.finish(j, j.failed(err.Error()))
		}
		return err
	}
	r.mu.Lock()
	r.booted++
	if r.report.Kubernetes == "" {
		r.report.Kubernetes = p.version()
	}
	r.mu.Unlock()
	r.observer.tell(func(o Observer) { o.Booted(g.String(), p.version(), time.Since(began), nil) })
	ready()
	schedule(ctx, g.jobs, parallel,
		func(j *job) { r.runJob(ctx, p, j) },
		func(j *job) { r.finish(j, j.skipped("interrupted before it began")) })
	if err := p.close(); err != nil {
		r.mu.Lock()
		r.left = append(r.left, fmt.Errorf("stop %s: %w", g, err))
		r.mu.Unlock()
	}
	return nil
}

// runJob runs one job unless the control plane is not what it requires.
func (r *runner) runJob(ctx context.Context, p plane, j *job) {
	allowed, err := j.scenario.Spec.Requires.Allows(p.version())
	switch {
	case err != nil:
		r.finish(j, j.failed(fmt.Sprintf("requires: %v", err)))
	case !allowed:
		r.finish(j, j.skipped(fmt.Sprintf("it requires Kubernetes %s, and this is %s", j.scenario.Spec.Requires.Kubernetes, p.version())))
	default:
		r.observer.tell(func(o Observer) { o.Started(j.head()) })
		r.finish(j, p.run(ctx, j))
	}
}

func (r *runner) finish(j *job, result report.Scenario) {
	kept := result
	if r.noTimelines {
		kept.Timeline = nil
	}
	r.mu.Lock()
	r.report.Scenarios[j.index] = kept
	r.mu.Unlock()
	r.observer.tell(func(o Observer) { o.Finished(result) })
}
