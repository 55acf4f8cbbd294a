// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aggtest/aggtest/cmd/aggtest/internal/display"
	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/scenarios"
	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// sayScenarioAfter is how long a scenario may run before it is mentioned where
// there is no live line. Most end before, and their results are lines of their own.
const sayScenarioAfter = 10 * time.Second

// runObserver shows a run: a line a scenario, and what runs now.
type runObserver struct {
	display  *display.Display
	progress *progress
	began    time.Time
	// width is the longest name's, so that the columns stand under one another.
	width, total int

	mu      sync.Mutex
	counts  report.Summary
	running map[string]*display.Task
	// boots are the reasons for which control planes could not be booted, each of
	// which is the reason of many scenarios.
	boots map[string]bool
	// interrupted is that a failure is the end of the run and not the scenario's own.
	interrupted bool
	// keeping are the failures that were shown when they were kept.
	keeping map[string]bool
}

var _ scenarios.Observer = (*runObserver)(nil)

func newRunObserver(d *display.Display, p *progress, selected []*v1alpha1.Case, repeat, total int) *runObserver {
	o := &runObserver{
		display: d, progress: p, began: time.Now(), total: total,
		running: map[string]*display.Task{}, boots: map[string]bool{}, keeping: map[string]bool{},
	}
	for _, c := range selected {
		head := report.Scenario{Name: c.Metadata.Name, Family: c.Family}
		if repeat > 1 {
			head.Run = repeat
		}
		o.width = max(o.width, len(head.FullName()))
	}
	return o
}

// Booting is shown by the progress of the harness, which knows more.
func (o *runObserver) Booting(string) {}

// Booted says what answers now. That it does not is said at the end, once.
func (o *runObserver) Booted(what, kubernetes string, took time.Duration, err error) {
	o.progress.end()
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.boots[err.Error()] = true
		return
	}
	o.display.Note(fmt.Sprintf("%s: Kubernetes %s, started in %s", what, kubernetes, seconds(took)))
}

// Started shows the scenario as running.
func (o *runObserver) Started(scenario report.Scenario) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := scenario.FullName()
	o.running[name] = o.display.Begin(name, sayScenarioAfter)
	o.head()
}

// StepDone is nothing that people wait for.
func (o *runObserver) StepDone(report.Scenario, report.Step) {}

// Finished prints the scenario's line and, of a failure, why.
func (o *runObserver) Finished(scenario report.Scenario) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := scenario.FullName()
	if task := o.running[name]; task != nil {
		task.End()
		delete(o.running, name)
	}
	switch scenario.Result {
	case report.Passed:
		o.counts.Passed++
		o.display.Print(o.line("ok", name, seconds(time.Duration(scenario.Seconds))))
	case report.Skipped:
		o.counts.Skipped++
		o.display.Print(o.line("skip", name, "("+scenario.Reason+")"))
	default:
		o.counts.Failed++
		o.failure(scenario)
	}
	o.head()
}

// failure prints why a scenario failed, unless that was said before.
func (o *runObserver) failure(scenario report.Scenario) {
	name := scenario.FullName()
	switch {
	case o.boots[scenario.Reason]:
		o.display.Print(o.line("FAIL", name, "(there was no control plane)"))
	case o.interrupted && !o.keeping[name]:
		o.display.Print(o.line("FAIL", name, "("+firstLine(scenario.Reason)+")"))
	case !o.keeping[name]:
		o.display.Print(o.line("FAIL", name, seconds(time.Duration(scenario.Seconds))) + "\n" + indent(scenario.Text()))
	}
}

// keep shows a failure at once, with how to look at what it left, and waits for
// the end of the run.
func (o *runObserver) keep(ctx context.Context, cluster *harness.Cluster, failed report.Scenario) {
	o.mu.Lock()
	o.failure(failed)
	o.keeping[failed.FullName()] = true
	if task := o.running[failed.FullName()]; task != nil {
		task.Update("keeping " + failed.FullName() + " until Ctrl-C")
	}
	o.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	path, err := cluster.Kubeconfig("")
	if err != nil {
		o.display.Note(err.Error())
		return
	}
	o.display.Note(fmt.Sprintf("%s is kept until Ctrl-C:\n  export KUBECONFIG=%s", failed.FullName(), path))
	<-ctx.Done()
}

// interrupt is told that the run is about to end.
func (o *runObserver) interrupt() {
	o.display.Note("ending the run; once more gives up at once")
	o.mu.Lock()
	defer o.mu.Unlock()
	o.interrupted = true
}

// kept tells whether a failed scenario was kept.
func (o *runObserver) kept() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.keeping) > 0
}

// summary ends the output of a run.
func (o *runObserver) summary(result *scenarios.Report) {
	var b strings.Builder
	count := result.Summary()
	if count.Failed > 1 && len(result.Scenarios) > count.Failed {
		b.WriteString("failed:\n")
		for _, scenario := range result.Scenarios {
			if scenario.Result == report.Failed {
				fmt.Fprintf(&b, "  %s\n", scenario.FullName())
			}
		}
	}
	fmt.Fprintf(&b, "%d passed, %d failed, %d skipped in %s", count.Passed, count.Failed, count.Skipped, seconds(time.Since(o.began)))
	if result.Kubernetes != "" {
		fmt.Fprintf(&b, " (Kubernetes %s)", result.Kubernetes)
	}
	o.display.Print(b.String())
}

// head puts how far the run is before the live line.
func (o *runObserver) head() {
	head := fmt.Sprintf("%d of %d", o.counts.Passed+o.counts.Failed+o.counts.Skipped, o.total)
	if o.counts.Failed > 0 {
		head += fmt.Sprintf(", %d failed", o.counts.Failed)
	}
	o.display.Head(head + ": ")
}

func (o *runObserver) line(verdict, name, rest string) string {
	return fmt.Sprintf("%-5s %-*s  %s", verdict, o.width, name, rest)
}

// indent puts a text under the line that it belongs to.
func indent(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "      " + line
		}
	}
	return strings.Join(lines, "\n")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// seconds is as exact as people read.
func seconds(d time.Duration) string {
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}
