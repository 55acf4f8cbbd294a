// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
	"github.com/aggtest/aggtest/scenarios/internal/expression"
	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// measure notes how long it took until an expectation held.
func (x *execution) measure(e *v1alpha1.Expectation, step int, held time.Time) {
	from := step
	for i := range x.scenario.Spec.Steps {
		if e.Since != "" && x.scenario.Spec.Steps[i].Name == e.Since {
			from = i
		}
	}
	began, known := x.world.stepBegan(from)
	if !known {
		return
	}
	interval := timeline.Interval{
		Name: e.Record, Took: held.Sub(began),
		From: x.scenario.Spec.Steps[from].Name, To: describeExpectation(e),
	}
	x.world.note(time.Now(), interval)
	x.world.mu.Lock()
	defer x.world.mu.Unlock()
	x.world.intervals[e.Record] = interval.Took
	x.result.Intervals = append(x.result.Intervals, report.Interval{
		Name: interval.Name, Seconds: report.Seconds(interval.Took), From: interval.From, To: interval.To,
	})
}

// stepBegins notes when a step began, before its first action.
func (w *world) stepBegins(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.steps = append(w.steps, at)
}

func (w *world) stepBegan(step int) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if step < len(w.steps) {
		return w.steps[step], true
	}
	return time.Time{}, false
}

// seeInterval looks at an interval that was measured.
func (w *world) seeInterval(ctx context.Context, name string, t test) sight {
	w.mu.Lock()
	took, measured := w.intervals[name]
	w.mu.Unlock()
	if !measured {
		return notYet(fmt.Sprintf("the interval %q has not been measured yet", name))
	}
	return t.judge(ctx, expression.Interval(took), nil)
}

// seeChanges looks at what a condition became since the step began, as a watch
// through each kube-apiserver showed it.
func (w *world) seeChanges(ctx context.Context, of *v1alpha1.ChangesOf, step timeline.Mark, t test) sight {
	indexes, err := w.apiServers(of.APIServer)
	if err != nil {
		return never(err.Error())
	}
	all := timeline.Of[timeline.ConditionChange](w.cluster.Timeline(), step)
	for _, index := range indexes {
		apiServer := w.cluster.APIServers()[index].Name
		changes := expression.Changes{}
		for _, entry := range all {
			if c := entry.Fact; c.APIService == of.APIService && c.APIServer == apiServer {
				changes = append(changes, expression.Change{APIServer: c.APIServer, Status: c.Status, Reason: c.Reason, Message: c.Message})
			}
		}
		if now := t.judge(ctx, changes, nil); !now.held {
			now.state = fmt.Sprintf("%s; %s", count(len(changes), "change"), now.state)
			return now.via(apiServer)
		}
	}
	return holds()
}
