// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/timeline"
	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// defaultTimeout bounds a scenario that sets no timeout, as the field's
// description says.
const defaultTimeout = 3 * time.Minute

var (
	errInterrupted = errors.New("interrupted")
	// errOver ends the expectations that are still watched when another of their
	// step failed.
	errOver = errors.New("not known: another expectation of the step failed first")
)

// execution is one run of one scenario on a cluster.
type execution struct {
	world    *world
	scenario *v1alpha1.Case
	result   report.Scenario
	stepDone func(report.Scenario, report.Step)
	keep     func(context.Context, *harness.Cluster, report.Scenario)
}

// run builds what is given, takes the steps, and undoes everything, whatever
// happens.
func (x *execution) run(ctx context.Context) report.Scenario {
	began := time.Now()
	x.result.Result = report.Passed
	if err := x.attempt(ctx); err != nil {
		x.result.Result, x.result.Reason = report.Failed, err.Error()
		if errors.Is(context.Cause(ctx), context.Canceled) {
			x.result.Reason = errInterrupted.Error()
		}
		x.result.Evidence = x.evidence()
		x.result.Seconds = report.Seconds(time.Since(began))
		if x.keep != nil {
			x.keep(ctx, x.world.cluster, x.result)
		}
	}
	// The undoing is no part of the story.
	x.result.Timeline = x.world.story()
	undoing := time.Now()
	if err := x.world.undo.unwind(ctx); err != nil {
		x.world.record(undoing, "undo everything", err)
		// What was wrong first stays the reason.
		if x.result.Result == report.Passed {
			x.result.Result, x.result.Reason = report.Failed, err.Error()
			x.result.Evidence = x.evidence()
		} else {
			x.result.Evidence = append(x.result.Evidence, report.Section{Title: "what could not be undone", Lines: []string{err.Error()}})
		}
	}
	x.result.Seconds = report.Seconds(time.Since(began))
	return x.result
}

// evidence must not cost the result, whatever it meets.
func (x *execution) evidence() (sections []report.Section) {
	defer func() {
		if r := recover(); r != nil {
			sections = []report.Section{{Title: "evidence", Lines: []string{fmt.Sprintf("panic: %v", r)}}}
		}
	}()
	return x.world.evidence()
}

// attempt is the scenario without the undoing. A panic is an error of it.
func (x *execution) attempt(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	limit := time.Duration(x.scenario.Spec.Timeout)
	if limit == 0 {
		limit = defaultTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the scenario took longer than its timeout of %s", limit))
	defer cancel()
	if err := x.world.install(ctx, &x.scenario.Spec.Given); err != nil {
		x.leaveOut(0)
		return causeFirst(ctx, err)
	}
	for i := range x.scenario.Spec.Steps {
		step, err := x.step(ctx, i)
		x.result.Steps = append(x.result.Steps, step)
		x.stepDone(x.result, step)
		if err != nil {
			x.leaveOut(i + 1)
			return err
		}
	}
	return nil
}

// leaveOut reports the steps from this one on as not taken.
func (x *execution) leaveOut(from int) {
	for _, step := range x.scenario.Spec.Steps[from:] {
		x.result.Steps = append(x.result.Steps, report.Step{Name: step.Name, Result: report.Skipped})
	}
}

// causeFirst says why the context ended, if that is what the error is about.
func causeFirst(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// step does the actions in order and then watches all expectations at once.
func (x *execution) step(ctx context.Context, index int) (report.Step, error) {
	given := &x.scenario.Spec.Steps[index]
	began, mark := time.Now(), x.world.cluster.Timeline().Mark()
	x.world.stepBegins(began)
	if index == 0 {
		// What the aggregator does upon what is given belongs to the first step:
		// it may be over when the step begins.
		mark = x.world.mark
	}
	step := report.Step{Name: given.Name, Result: report.Passed}
	fail := func(reason error) (report.Step, error) {
		step.Result, step.Seconds = report.Failed, report.Seconds(time.Since(began))
		return step, fmt.Errorf("step %q: %w", given.Name, reason)
	}
	for i := range given.Do {
		step.Actions = append(step.Actions, describeAction(&given.Do[i]))
		if err := x.world.act(ctx, &given.Do[i]); err != nil {
			err = causeFirst(ctx, err)
			step.Reason = fmt.Sprintf("%v\nat %s", err, x.scenario.Position(fmt.Sprintf("spec.steps[%d].do[%d]", index, i)))
			return fail(errors.New(step.Reason))
		}
	}
	step.Expectations = x.expect(ctx, index, mark)
	for i := range step.Expectations {
		if e := &step.Expectations[i]; e.Result == report.Failed {
			return fail(fmt.Errorf("%s: %s", e.Reason, e.What))
		}
	}
	step.Seconds = report.Seconds(time.Since(began))
	return step, nil
}

// expect watches the expectations of a step. As soon as one fails the others are
// given up: what they would come to in the end says nothing any more.
func (x *execution) expect(ctx context.Context, step int, mark timeline.Mark) []report.Expectation {
	given := x.scenario.Spec.Steps[step].Expect
	results := make([]report.Expectation, len(given))
	watching, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	var all sync.WaitGroup
	for i := range given {
		all.Go(func() {
			results[i] = x.one(watching, step, &given[i], mark)
			results[i].At = x.scenario.Position(fmt.Sprintf("spec.steps[%d].expect[%d]", step, i)).String()
			if results[i].Result == report.Failed {
				giveUp(errOver)
			}
		})
	}
	all.Wait()
	return results
}

// one watches one expectation.
func (x *execution) one(ctx context.Context, step int, e *v1alpha1.Expectation, mark timeline.Mark) (result report.Expectation) {
	result = report.Expectation{What: describeExpectation(e), When: timingOf(e).String(), Result: report.Failed}
	defer func() {
		if r := recover(); r != nil {
			result.Result, result.Reason = report.Failed, fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	began, _ := x.world.stepBegan(step)
	s, err := x.world.subjectOf(e, mark, began)
	if err != nil {
		result.Reason = err.Error()
		return result
	}
	v := watch(ctx, timingOf(e), s)
	result.Seconds = report.Seconds(v.took)
	if v.held {
		result.Result = report.Passed
		if e.Record != "" {
			x.measure(e, step, v.became)
		}
	} else {
		if errors.Is(v.reason, errOver) {
			result.Result = report.Skipped
		}
		result.Reason = v.reason.Error()
		if errors.Is(v.reason, context.Canceled) {
			result.Reason = errInterrupted.Error()
		}
		result.Last, result.LastFor, result.Through = v.last.state, report.Seconds(v.lastFor), v.last.through
	}
	x.world.note(time.Now(), timeline.Expectation{What: result.What, Held: v.held, Took: v.took, Last: result.Last})
	return result
}
