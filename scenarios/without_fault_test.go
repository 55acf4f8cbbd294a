// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"testing"
	"time"

	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func TestInverted(t *testing.T) {
	tests := []struct {
		why    string
		result report.Result
		reason string
		want   report.Result
		says   string
	}{
		{"a step failed, as it must", report.Failed, `step "broken": it did not become so within 5s`, report.Passed, ""},
		{"nothing failed: the fault is decoration", report.Passed, "", report.Failed, "it passes without the fault, so the fault shows nothing"},
		{"the healthy step failed, in which there is no fault", report.Failed, `step "healthy": no answer`, report.Failed,
			`it failed before the fault had its turn: step "healthy": no answer`},
		{"what is given failed", report.Failed, "given: apply Service a/b: refused", report.Failed,
			"it failed for another reason than its steps: given: apply Service a/b: refused"},
		{"it was never run", report.Skipped, "interrupted before it began", report.Skipped, "interrupted before it began"},
	}
	for _, test := range tests {
		got := inverted(report.Scenario{Result: test.result, Reason: test.reason})
		if got.Result != test.want || got.Reason != test.says {
			t.Errorf("%s: %s %q, want %s %q", test.why, got.Result, got.Reason, test.want, test.says)
		}
	}
}

func TestHurry(t *testing.T) {
	long := v1alpha1.Duration(time.Minute)
	tests := []struct {
		why, step string
		labels    map[string]string
		within    v1alpha1.Duration
		want      v1alpha1.Duration
	}{
		{"what a fault brings about comes soon", "broken", nil, long, inVain},
		{"less than the bound stays", "broken", nil, inVain / 2, inVain / 2},
		{"healthy may take its time", "healthy", nil, long, long},
		{"the aggregator's own periods are longer than the bound", "broken", map[string]string{"time": "natural"}, long, long},
	}
	for _, test := range tests {
		c := named("slow", func(c *v1alpha1.Case) {
			c.Metadata.Labels = test.labels
			c.Spec.Steps = []v1alpha1.Step{{Name: test.step, Expect: []v1alpha1.Expectation{{Serves: "g/v1", Within: test.within}}}}
		})
		before := c.Spec.Steps[0].Expect
		hurry(c)
		if got := c.Spec.Steps[0].Expect[0].Within; got != test.want {
			t.Errorf("%s: within is %s, want %s", test.why, time.Duration(got), time.Duration(test.want))
		}
		if before[0].Within != test.within {
			t.Errorf("%s: the scenario that shares the expectations was changed too", test.why)
		}
	}
}
