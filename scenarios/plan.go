// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// job is one run of one case.
type job struct {
	scenario *v1alpha1.Case
	// index is the place in the report.
	index int
	// run counts the repetitions from 1. 0 when there is one only.
	run    int
	claims claims
}

// head is what is known of the result before the job runs.
func (j *job) head() report.Scenario {
	return report.Scenario{Name: j.scenario.Metadata.Name, Family: j.scenario.Family, Run: j.run, File: j.scenario.File}
}

// skipped and failed are results of a job that never began.
func (j *job) skipped(reason string) report.Scenario {
	result := j.head()
	result.Result, result.Reason = report.Skipped, reason
	return result
}

func (j *job) failed(reason string) report.Scenario {
	result := j.head()
	result.Result, result.Reason = report.Failed, reason
	return result
}

// group is the jobs that one control plane serves. controlPlane is nil for the
// shared one.
type group struct {
	controlPlane *v1alpha1.ControlPlane
	jobs         []*job
}

func (g group) String() string {
	if g.controlPlane == nil {
		return "the shared control plane"
	}
	if len(g.jobs) == 1 {
		return "the control plane of " + g.jobs[0].scenario.FullName()
	}
	return fmt.Sprintf("the control plane of %s and %d more", g.jobs[0].scenario.FullName(), len(g.jobs)-1)
}

// plan is what will be run where. own groups run a few at a time, beside the
// shared one.
type plan struct {
	shared group
	own    []group
	// left are the jobs that run nowhere: their scenarios say skip.
	left []*job
	// jobs counts all of them.
	jobs int
}

// newPlan puts each repetition of each case into the group of its control
// plane. The list as a whole is repeated, not each case by itself, so that a
// scenario meets what others leave behind.
func newPlan(cases []*v1alpha1.Case, repeat int) (plan, error) {
	var p plan
	own := map[string]int{}
	for run := 1; run <= max(repeat, 1); run++ {
		for _, j := range inGoodOrder(cases) {
			c := j.scenario
			j.index += p.jobs
			if repeat > 1 {
				j.run = run
			}
			if c.Spec.Skip != nil {
				p.left = append(p.left, j)
				continue
			}
			if c.Spec.Given.ControlPlane == nil {
				p.shared.jobs = append(p.shared.jobs, j)
				continue
			}
			key, err := json.Marshal(c.Spec.Given.ControlPlane)
			if err != nil {
				return plan{}, fmt.Errorf("plan %s: read its control plane: %w", c.FullName(), err)
			}
			i, known := own[string(key)]
			if !known {
				i = len(p.own)
				own[string(key)] = i
				p.own = append(p.own, group{controlPlane: c.Spec.Given.ControlPlane})
			}
			p.own[i].jobs = append(p.own[i].jobs, j)
		}
		p.jobs += len(cases)
	}
	return p, nil
}

// inGoodOrder makes a job of each case. Those that wait for the aggregator's own
// periods come first, so that the others run meanwhile, and those that run alone
// last, so that nobody waits until all before them are done.
func inGoodOrder(cases []*v1alpha1.Case) []*job {
	jobs := make([]*job, len(cases))
	rank := map[*job]int{}
	for i, c := range cases {
		jobs[i] = &job{scenario: c, index: i, claims: claimsOf(&c.Scenario)}
		switch {
		case jobs[i].claims.everything:
			rank[jobs[i]] = 2
		case c.Metadata.Labels["time"] != naturalTime:
			rank[jobs[i]] = 1
		}
	}
	slices.SortStableFunc(jobs, func(a, b *job) int { return rank[a] - rank[b] })
	return jobs
}
