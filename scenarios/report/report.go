// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

const (
	// APIVersion and Kind head the JSON form.
	APIVersion = "aggtest.dev/v1alpha1"
	Kind       = "Report"
)

// Result is what became of a scenario, a step or an expectation.
type Result string

const (
	// Passed means that everything held.
	Passed Result = "passed"
	// Failed means that something did not hold or could not be done.
	Failed Result = "failed"
	// Skipped means that it was not tried; a reason is given.
	Skipped Result = "skipped"
)

// Report is what became of a run. Its zero value is a run of nothing.
type Report struct {
	// Kubernetes is the version of the control planes, such as v1.37.2. Empty
	// when none was booted.
	Kubernetes string
	// Scenarios are in the order in which they were selected.
	Scenarios []Scenario
}

// Summary counts scenarios by their result.
type Summary struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
}

// Scenario is what became of one run of one scenario.
type Scenario struct {
	// Name of the scenario, with the matrix row's if it has one.
	Name string `json:"name"`
	// Family of the scenario.
	Family string `json:"family"`
	// Run is which repetition this is, from 1. 0 when the scenario ran once.
	Run int `json:"run,omitempty"`
	// File is where the scenario comes from.
	File string `json:"file,omitempty"`
	// Result is passed, failed or skipped.
	Result Result `json:"result"`
	// Seconds is how long it took, with what is given and the undoing.
	Seconds Seconds `json:"seconds"`
	// Reason says why it failed or was skipped. Empty when it passed.
	Reason string `json:"reason,omitempty"`
	// Steps are in the order of the file. Those after a failure are skipped; there
	// are none when the scenario never began.
	Steps []Step `json:"steps,omitempty"`
	// Intervals are those that the scenario measured, as they were.
	Intervals []Interval `json:"intervals,omitempty"`
	// Evidence is what was found when the scenario failed. Empty otherwise.
	Evidence []Section `json:"evidence,omitempty"`
	// Timeline is what happened that concerns the scenario, in order. Its facts
	// are those of package timeline.
	Timeline []timeline.Entry `json:"timeline,omitempty"`
}

// Interval is a time that a scenario measured.
type Interval struct {
	// Name is the scenario's own.
	Name    string  `json:"name"`
	Seconds Seconds `json:"seconds"`
	// From is the step at whose beginning it begins, and To what it ends with.
	From string `json:"from"`
	To   string `json:"to"`
}

// Step is what became of one step.
type Step struct {
	Name    string  `json:"name"`
	Result  Result  `json:"result"`
	Seconds Seconds `json:"seconds"`
	// Reason says which action failed, and why. Empty when the actions were done;
	// an expectation that failed says so itself.
	Reason string `json:"reason,omitempty"`
	// Actions says in a few words what was done.
	Actions []string `json:"actions,omitempty"`
	// Expectations are in the order of the file.
	Expectations []Expectation `json:"expectations,omitempty"`
}

// Expectation is what became of one expectation.
type Expectation struct {
	// What was expected, in a few words.
	What string `json:"what"`
	// When it was expected: now, within 10s, for 5s, or both.
	When string `json:"when,omitempty"`
	// At is where it stands, as file:line:column.
	At     string `json:"at,omitempty"`
	Result Result `json:"result"`
	// Seconds is how long it took to become so and to stay so, or how long was
	// waited in vain.
	Seconds Seconds `json:"seconds"`
	// Reason says what was wrong. Empty when the expectation held.
	Reason string `json:"reason,omitempty"`
	// Last is the last state seen. Empty when the expectation held.
	Last string `json:"last,omitempty"`
	// LastFor is for how long that state was seen.
	LastFor Seconds `json:"lastFor,omitempty"`
	// Through is the kube-apiserver that showed it. Empty when it does not matter.
	Through string `json:"through,omitempty"`
}

// Section is a part of the evidence: some lines under a title.
type Section struct {
	Title string   `json:"title"`
	Lines []string `json:"lines"`
}

// Seconds is a length of time that is written as a number of seconds with three
// decimals at most.
type Seconds time.Duration

// MarshalJSON writes the seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(s.rounded())
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Seconds) UnmarshalJSON(data []byte) error {
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return fmt.Errorf("read seconds %s: %w", data, err)
	}
	*s = Seconds(seconds * float64(time.Second))
	return nil
}

func (s Seconds) rounded() float64 {
	return math.Round(time.Duration(s).Seconds()*1000) / 1000
}

// Summary counts the scenarios by their result.
func (r *Report) Summary() Summary {
	var s Summary
	for _, scenario := range r.Scenarios {
		s.add(scenario.Result)
	}
	return s
}

func (s *Summary) add(result Result) {
	switch result {
	case Passed:
		s.Passed++
	case Failed:
		s.Failed++
	case Skipped:
		s.Skipped++
	}
}

// file is the JSON form of a report.
type file struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Kubernetes string     `json:"kubernetes"`
	Summary    Summary    `json:"summary"`
	Scenarios  []Scenario `json:"scenarios"`
}

// WriteJSON writes the report as indented JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	form := file{APIVersion: APIVersion, Kind: Kind, Kubernetes: r.Kubernetes, Summary: r.Summary(), Scenarios: r.Scenarios}
	if form.Scenarios == nil {
		form.Scenarios = []Scenario{}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(form); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	return nil
}

// ReadJSON reads what [Report.WriteJSON] wrote.
func ReadJSON(r io.Reader) (*Report, error) {
	var form file
	if err := json.NewDecoder(r).Decode(&form); err != nil {
		return nil, fmt.Errorf("read a report: %w", err)
	}
	if form.APIVersion != APIVersion || form.Kind != Kind {
		return nil, fmt.Errorf("read a report: it is %s of %s, not %s of %s", form.Kind, form.APIVersion, Kind, APIVersion)
	}
	return &Report{Kubernetes: form.Kubernetes, Scenarios: form.Scenarios}, nil
}
