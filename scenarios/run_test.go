// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// fakePlane passes every scenario after a second.
type fakePlane struct {
	kubernetes string
	name       string
	log        *transcript
	closeErr   error
}

func (p *fakePlane) version() string { return p.kubernetes }

func (p *fakePlane) run(ctx context.Context, j *job) report.Scenario {
	p.log.add("%s runs %s", p.name, j.head().FullName())
	result := j.head()
	result.Result = report.Passed
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		result.Result, result.Reason = report.Failed, errInterrupted.Error()
	}
	return result
}

func (p *fakePlane) close() error {
	p.log.add("%s closed", p.name)
	return p.closeErr
}

// transcript is lines with the second in which they were written.
type transcript struct {
	NopObserver
	mu    sync.Mutex
	began time.Time
	lines []string
}

func (t *transcript) add(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, fmt.Sprintf("%s %s", time.Since(t.began), fmt.Sprintf(format, args...)))
}

func (t *transcript) Booting(what string) { t.add("booting %s", what) }

func (t *transcript) Booted(what, kubernetes string, took time.Duration, err error) {
	t.add("booted %s %s in %s: %v", what, kubernetes, took, err)
}

func (t *transcript) Finished(s report.Scenario) {
	t.add("%s %s: %s", s.FullName(), s.Result, s.Reason)
}

func named(name string, change ...func(*v1alpha1.Case)) *v1alpha1.Case {
	c := &v1alpha1.Case{Family: "test"}
	c.Metadata.Name = name
	for _, f := range change {
		f(c)
	}
	return c
}

func own(flag string) func(*v1alpha1.Case) {
	return func(c *v1alpha1.Case) {
		c.Spec.Given.ControlPlane = &v1alpha1.ControlPlane{Flags: map[string]string{"flag": flag}}
	}
}

func exclusive(c *v1alpha1.Case) { c.Spec.Exclusive = true }

func TestRun(t *testing.T) {
	broken := errors.New("etcd does not start")
	tests := []struct {
		name    string
		cases   []*v1alpha1.Case
		repeat  int
		boot    map[string]error // by the flag, "" is the shared one
		close   error
		cancel  time.Duration
		want    string
		summary report.Summary
		err     string
	}{
		{
			name:  "one shared, and two at a time of three of their own",
			cases: []*v1alpha1.Case{named("a"), named("b", own("x")), named("c", own("y")), named("d", own("x")), named("e", own("z"))},
			want: `
				0s booting the shared control plane
				2s booted the shared control plane v1.37.2 in 2s: <nil>
				2s booting the control plane of test/b and 1 more
				2s booting the control plane of test/c
				2s shared runs test/a
				3s shared closed
				3s test/a passed:
				4s booted the control plane of test/b and 1 more v1.37.2 in 2s: <nil>
				4s booted the control plane of test/c v1.37.2 in 2s: <nil>
				4s x runs test/b
				4s x runs test/d
				4s y runs test/c
				5s booting the control plane of test/e
				5s test/b passed:
				5s test/c passed:
				5s test/d passed:
				5s x closed
				5s y closed
				7s booted the control plane of test/e v1.37.2 in 2s: <nil>
				7s z runs test/e
				8s test/e passed:
				8s z closed`,
			summary: report.Summary{Passed: 5},
		},
		{
			name: "who waits for the aggregator first, who runs alone last",
			cases: []*v1alpha1.Case{named("a", exclusive), named("b"), named("c", func(c *v1alpha1.Case) {
				c.Metadata.Labels = map[string]string{"time": "natural"}
			})},
			want: `
				0s booting the shared control plane
				2s booted the shared control plane v1.37.2 in 2s: <nil>
				2s shared runs test/b
				2s shared runs test/c
				3s shared runs test/a
				3s test/b passed:
				3s test/c passed:
				4s shared closed
				4s test/a passed:`,
			summary: report.Summary{Passed: 3},
		},
		{
			name:   "repeated as a list",
			cases:  []*v1alpha1.Case{named("a", exclusive), named("b", exclusive)},
			repeat: 2,
			want: `
				0s booting the shared control plane
				2s booted the shared control plane v1.37.2 in 2s: <nil>
				2s shared runs test/a (run 1)
				3s shared runs test/b (run 1)
				3s test/a (run 1) passed:
				4s shared runs test/a (run 2)
				4s test/b (run 1) passed:
				5s shared runs test/b (run 2)
				5s test/a (run 2) passed:
				6s shared closed
				6s test/b (run 2) passed:`,
			summary: report.Summary{Passed: 4},
		},
		{
			name: "skipped",
			cases: []*v1alpha1.Case{
				named("a", func(c *v1alpha1.Case) { c.Spec.Skip = &v1alpha1.Skip{Reason: "it never ends"} }),
				named("b", func(c *v1alpha1.Case) { c.Spec.Requires = &v1alpha1.Requires{Kubernetes: ">=1.99"} }),
			},
			want: `
				0s booting the shared control plane
				0s test/a skipped: it never ends
				2s booted the shared control plane v1.37.2 in 2s: <nil>
				2s shared closed
				2s test/b skipped: it requires Kubernetes >=1.99, and this is v1.37.2`,
			summary: report.Summary{Skipped: 2},
		},
		{
			name: "nothing to boot for",
			cases: []*v1alpha1.Case{
				named("a", func(c *v1alpha1.Case) { c.Spec.Skip = &v1alpha1.Skip{Reason: "it never ends"} }),
			},
			want:    `0s test/a skipped: it never ends`,
			summary: report.Summary{Skipped: 1},
		},
		{
			name:  "the shared one does not boot",
			cases: []*v1alpha1.Case{named("a"), named("b", own("x"))},
			boot:  map[string]error{"": broken},
			want: `
				0s booting the shared control plane
				2s booted the shared control plane  in 2s: start the shared control plane: etcd does not start
				2s booting the control plane of test/b
				2s test/a failed: start the shared control plane: etcd does not start
				4s booted the control plane of test/b v1.37.2 in 2s: <nil>
				4s x runs test/b
				5s test/b passed:
				5s x closed`,
			summary: report.Summary{Passed: 1, Failed: 1},
			err:     "start the shared control plane: etcd does not start",
		},
		{
			name:  "one of their own does not boot",
			cases: []*v1alpha1.Case{named("a"), named("b", own("x"))},
			boot:  map[string]error{"x": broken},
			want: `
				0s booting the shared control plane
				2s booted the shared control plane v1.37.2 in 2s: <nil>
				2s booting the control plane of test/b
				2s shared runs test/a
				3s shared closed
				3s test/a passed:
				4s booted the control plane of test/b  in 2s: start the control plane of test/b: etcd does not start
				4s test/b failed: start the control plane of test/b: etcd does not start`,
			summary: report.Summary{Passed: 1, Failed: 1},
		},
		{
			name:   "interrupted",
			cases:  []*v1alpha1.Case{named("a", exclusive), named("b", exclusive), named("c", own("x"))},
			cancel: 2500 * time.Millisecond,
			want: `
				0s booting the shared control plane
				2s booted the shared control plane v1.37.2 in 2s: <nil>
				2s booting the control plane of test/c
				2s shared runs test/a
				2.5s booted the control plane of test/c  in 500ms: start the control plane of test/c: context canceled
				2.5s shared closed
				2.5s test/a failed: interrupted
				2.5s test/b skipped: interrupted before it began
				2.5s test/c skipped: interrupted before it began`,
			summary: report.Summary{Failed: 1, Skipped: 2},
			err:     "run scenarios: context canceled",
		},
		{
			name:  "it cannot be taken away",
			cases: []*v1alpha1.Case{named("a")},
			close: errors.New("a process is left"),
			want: `
				0s booting the shared control plane
				2s booted the shared control plane v1.37.2 in 2s: <nil>
				2s shared runs test/a
				3s shared closed
				3s test/a passed:`,
			summary: report.Summary{Passed: 1},
			err:     "stop the shared control plane: a process is left",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := &transcript{began: time.Now()}
				r := &runner{parallel: 4, observer: &serialObserver{to: log}, boot: func(ctx context.Context, _ string, want *v1alpha1.ControlPlane) (plane, error) {
					p := &fakePlane{kubernetes: "v1.37.2", name: "shared", log: log, closeErr: test.close}
					flag := ""
					if want != nil {
						flag = want.Flags["flag"]
						p.name = flag
					}
					select {
					case <-time.After(2 * time.Second):
					case <-ctx.Done():
						return nil, ctx.Err()
					}
					return p, test.boot[flag]
				}}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.cancel > 0 {
					time.AfterFunc(test.cancel, cancel)
				}
				got, err := r.runAll(ctx, test.cases, test.repeat)
				if text := strings.TrimSuffix(fmt.Sprint(err), "\n"); text != orNil(test.err) {
					t.Errorf("error %q, want %q", text, orNil(test.err))
				}
				if got.Summary() != test.summary {
					t.Errorf("summary %+v, want %+v", got.Summary(), test.summary)
				}
				if lines := sortedWithin(log.lines); lines != trimmed(test.want) {
					t.Errorf("got\n%s\nwant\n%s", lines, trimmed(test.want))
				}
				for i, scenario := range got.Scenarios {
					if want := test.cases[i%len(test.cases)].Metadata.Name; scenario.Name != want {
						t.Errorf("place %d of the report is %s, want %s: it is in the order of the selection", i, scenario.Name, want)
					}
				}
			})
		})
	}
}

func orNil(text string) string {
	if text == "" {
		return "<nil>"
	}
	return text
}

// sortedWithin sorts the lines of each moment: what happens at the same time in
// two goroutines has no order.
func sortedWithin(lines []string) string {
	var moments [][]string
	at := ""
	for _, line := range lines {
		moment, _, _ := strings.Cut(line, " ")
		if moment != at {
			moments = append(moments, nil)
			at = moment
		}
		moments[len(moments)-1] = append(moments[len(moments)-1], strings.TrimSpace(line))
	}
	var all []string
	for _, moment := range moments {
		slices.Sort(moment)
		all = append(all, moment...)
	}
	return strings.Join(all, "\n")
}

func trimmed(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}
