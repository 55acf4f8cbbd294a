// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

const (
	// healthyStep is the name of a step that must hold without any fault.
	healthyStep = "healthy"
	// inVain bounds how long a scenario without its fault is waited for. What a
	// fault brings about comes in well under a second where a touch or an object's
	// own event tells the aggregator, so that five are enough to see that it does
	// not come.
	inVain = v1alpha1.Duration(5 * time.Second)
	// naturalTime is the value of the label time of scenarios that wait for the
	// aggregator's own periods, which five seconds are too short for.
	naturalTime = "natural"
)

// RunWithoutEachFault runs the scenarios once for each fault in them, without it:
// see [WithoutEachFault]. In the report each of these runs has passed when the
// scenario failed, in a step other than one called healthy, since it needs the
// fault then; and failed otherwise. A scenario without faults has no run.
func RunWithoutEachFault(ctx context.Context, selected []*v1alpha1.Case, opts Options) (*Report, error) {
	var cases []*v1alpha1.Case
	for _, c := range selected {
		for _, variant := range WithoutEachFault(c) {
			variant.Case.Metadata.Name += " without " + variant.Without
			hurry(variant.Case)
			cases = append(cases, variant.Case)
		}
	}
	if opts.Observer != nil {
		opts.Observer = invertingObserver{opts.Observer}
	}
	opts.Repeat = 0
	got, err := Run(ctx, cases, opts)
	for i := range got.Scenarios {
		got.Scenarios[i] = inverted(got.Scenarios[i])
	}
	return got, err
}

// hurry bounds how long is waited in vain.
func hurry(c *v1alpha1.Case) {
	if c.Metadata.Labels["time"] == naturalTime {
		return
	}
	for i, step := range c.Spec.Steps {
		if step.Name == healthyStep {
			continue
		}
		expect := slices.Clone(step.Expect)
		for k := range expect {
			expect[k].Within = min(expect[k].Within, inVain)
		}
		c.Spec.Steps[i].Expect = expect
	}
}

// inverted is the result of a run that had to fail.
func inverted(s report.Scenario) report.Scenario {
	s.Evidence, s.Timeline = nil, nil
	switch {
	case s.Result == report.Skipped:
	case s.Result == report.Passed:
		s.Result, s.Reason = report.Failed, "it passes without the fault, so the fault shows nothing"
	case !strings.HasPrefix(s.Reason, "step "):
		s.Reason = "it failed for another reason than its steps: " + s.Reason
	case strings.HasPrefix(s.Reason, fmt.Sprintf("step %q", healthyStep)):
		s.Reason = "it failed before the fault had its turn: " + s.Reason
	default:
		s.Result, s.Reason, s.Steps = report.Passed, "", nil
	}
	return s
}

// invertingObserver is told what the report will say.
type invertingObserver struct{ Observer }

// Finished is told of the inverted result.
func (o invertingObserver) Finished(s report.Scenario) { o.Observer.Finished(inverted(s)) }
