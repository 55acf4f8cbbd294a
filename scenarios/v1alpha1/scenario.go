// SPDX-License-Identifier: Apache-2.0

package v1alpha1

const (
	// APIVersion is the apiVersion of the files that this package reads.
	APIVersion = "aggtest.dev/v1alpha1"
	// Kind is the kind of a scenario file.
	Kind = "Scenario"
)

// Scenario is one thing that the aggregation layer must do, or a failure of it:
// what is given, the steps that follow, and what must then hold.
type Scenario struct {
	// APIVersion is aggtest.dev/v1alpha1.
	APIVersion string `json:"apiVersion"`
	// Kind is Scenario.
	Kind string `json:"kind"`
	// Metadata names and labels the scenario.
	Metadata Metadata `json:"metadata"`
	// Spec says what is given, what is done and what must hold.
	Spec Spec `json:"spec"`
}

// Metadata names and labels a scenario.
type Metadata struct {
	// Name of the scenario, unique in its family: lower-case letters, digits and dashes.
	Name string `json:"name"`
	// Labels choose scenarios with -l key=value. The label family says which family the scenario belongs to; without it the family is the folder's name.
	Labels map[string]string `json:"labels,omitempty"`
}

// Spec is what a scenario consists of.
type Spec struct {
	// Description says in a sentence or two what is shown and why it matters.
	Description string `json:"description"`
	// References name the issues, pull requests or pages that the scenario comes from, as owner/repository#number or a URL.
	References []string `json:"references,omitempty"`
	// Covers names behaviours of the aggregation layer that the scenario shows, by the ids of docs/coverage.md.
	Covers []string `json:"covers,omitempty"`
	// Requires says what the control plane must be for the scenario to make sense. The scenario is skipped otherwise.
	Requires *Requires `json:"requires,omitempty"`
	// Skip leaves the scenario out, with the reason.
	Skip *Skip `json:"skip,omitempty"`
	// Exclusive is true when the scenario looks at the state of the whole control plane, so that no other may run on it at the same time.
	Exclusive bool `json:"exclusive,omitempty"`
	// Timeout bounds the scenario as a whole. 3m when empty.
	Timeout Duration `json:"timeout,omitempty"`
	// Matrix runs the scenario once for each row. A row's values replace ${matrix.KEY} everywhere in the spec; its name is added to the scenario's.
	Matrix []MatrixRow `json:"matrix,omitempty"`
	// Given is what is there before the first step. It is built in parallel and undone in reverse.
	Given Given `json:"given"`
	// Steps follow one another. The first one that does not hold ends the scenario.
	Steps []Step `json:"steps"`
}

// Requires says what a control plane must be.
type Requires struct {
	// Kubernetes is a range of versions, such as ">=1.36".
	Kubernetes string `json:"kubernetes,omitempty"`
}

// Skip leaves a scenario out.
type Skip struct {
	// Reason says why, for the report.
	Reason string `json:"reason"`
}

// MatrixRow is one case of a scenario.
type MatrixRow struct {
	// Name of the case: lower-case letters, digits and dashes.
	Name string `json:"name"`
	// Values replace ${matrix.KEY}.
	Values map[string]string `json:"values"`
}

// Step is some actions, in order, and what must hold after them.
type Step struct {
	// Name says what happens, for the report.
	Name string `json:"name"`
	// Do lists actions, which run in order. The first that fails ends the scenario.
	Do []Action `json:"do,omitempty"`
	// Expect lists what must hold after the actions. All of them are watched at once.
	Expect []Expectation `json:"expect,omitempty"`
}
