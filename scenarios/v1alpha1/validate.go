// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aggtest/aggtest/scenarios/internal/spelling"
)

// Validate is all that is wrong with a scenario beyond the types of its fields,
// by path and without positions. Expressions are compiled. It takes a scenario
// with or without its defaults, and with the values of its matrix in their
// places. Load has done so for what it gives.
func Validate(s *Scenario) Problems {
	v := validator{scenario: s}
	v.metadata()
	v.spec()
	v.given()
	if len(s.Spec.Steps) == 0 {
		v.add("spec.steps", "there are no steps: a scenario expects something in at least one")
	}
	for i := range s.Spec.Steps {
		v.step(itemPath("spec.steps", i), &s.Spec.Steps[i])
	}
	return v.problems.sorted()
}

// validator collects what is wrong with one scenario.
type validator struct {
	scenario *Scenario
	problems Problems
}

func (v *validator) add(path, format string, args ...any) {
	v.problems = append(v.problems, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// check adds a problem unless something holds.
func (v *validator) check(holds bool, path, format string, args ...any) {
	if !holds {
		v.add(path, format, args...)
	}
}

// form adds a problem when a name that is not optional is empty or not of its form.
func (v *validator) form(path, name string, is func(string) bool, form string) {
	switch {
	case name == "":
		v.add(path, "is empty")
	case !is(name):
		v.add(path, "%q is not %s", name, form)
	}
}

// optionalForm is form for a name that may be empty.
func (v *validator) optionalForm(path, name string, is func(string) bool, form string) {
	if name != "" {
		v.form(path, name, is, form)
	}
}

// between adds a problem for a number out of its range. 0 means the default.
func (v *validator) between(path string, n, least, most int) {
	v.check(n == 0 || n >= least && n <= most, path, "%d is not between %d and %d", n, least, most)
}

// unique adds a problem for each name that an earlier item has.
func (v *validator) unique(what string, n int, path func(int) string, name func(int) string) {
	first := map[string]int{}
	for i := range n {
		before, ok := first[name(i)]
		switch {
		case name(i) == "":
		case ok:
			v.add(path(i), "there is another %s %q, at %s", what, name(i), path(before))
		default:
			first[name(i)] = i
		}
	}
}

// reference adds a problem for a name that is not given.
func (v *validator) reference(path, what, name string, known []string) {
	if name == "" {
		v.add(path, "is empty: name a given %s", what)
		return
	}
	if slices.Contains(known, name) {
		return
	}
	given := "there are none"
	if len(known) > 0 {
		given = "there are " + strings.Join(known, ", ")
	}
	v.problems = append(v.problems, Problem{Path: path, reference: true,
		Message: fmt.Sprintf("there is no given %s %q%s (%s)", what, name, spelling.DidYouMean(name, known), given)})
}

func (v *validator) server(path, name string) *Server {
	var known []string
	for _, s := range v.scenario.Spec.Given.Servers {
		known = append(known, s.Name)
	}
	v.reference(path, "server", name, known)
	return v.scenario.Server(name)
}

func (v *validator) user(path, name string) {
	if name == "" {
		return
	}
	var known []string
	for _, u := range v.scenario.Spec.Given.Users {
		known = append(known, u.Name)
	}
	v.reference(path, "user", name, known)
}

func (v *validator) metadata() {
	s := v.scenario
	v.check(s.APIVersion == "" || s.APIVersion == APIVersion, "apiVersion", "%q is not supported: it must be %s", s.APIVersion, APIVersion)
	v.check(s.Kind == "" || s.Kind == Kind, "kind", "%q is not supported: it must be %s", s.Kind, Kind)
	v.form("metadata.name", s.Metadata.Name, scenarioName.MatchString, scenarioNameForm)
	if family, ok := s.Metadata.Labels["family"]; ok {
		v.form("metadata.labels.family", family, scenarioName.MatchString, scenarioNameForm)
	}
}

func (v *validator) spec() {
	spec := &v.scenario.Spec
	v.check(len(strings.Fields(spec.Description)) > 1, "spec.description",
		"%q says too little: say in a sentence what is shown and why it matters", spec.Description)
	for i, reference := range spec.References {
		v.check(issueReference.MatchString(reference) || webReference.MatchString(reference), itemPath("spec.references", i),
			"%q is neither owner/repository#number nor a URL", reference)
	}
	for i, id := range spec.Covers {
		v.check(behaviourID.MatchString(id), itemPath("spec.covers", i), "%q is not the id of a behaviour, such as upstream-04", id)
	}
	v.unique("behaviour", len(spec.Covers),
		func(i int) string { return itemPath("spec.covers", i) },
		func(i int) string { return spec.Covers[i] })
	if spec.Requires != nil && spec.Requires.Kubernetes != "" {
		if _, err := parseRange(spec.Requires.Kubernetes); err != nil {
			v.add("spec.requires.kubernetes", "%v", err)
		}
	}
	if spec.Skip != nil {
		v.check(strings.TrimSpace(spec.Skip.Reason) != "", "spec.skip.reason", "is empty: say why, for the report")
	}
	v.check(spec.Timeout >= 0, "spec.timeout", "is negative")
	for i, row := range spec.Matrix {
		path := itemPath("spec.matrix", i)
		v.form(path+".name", row.Name, scenarioName.MatchString, scenarioNameForm)
		for _, key := range slices.Sorted(maps.Keys(row.Values)) {
			v.check(matrixKey.MatchString(key), fieldPath(path+".values", key), "a key has letters, digits and _, and begins with a letter")
		}
	}
	v.unique("row", len(spec.Matrix),
		func(i int) string { return itemPath("spec.matrix", i) + ".name" },
		func(i int) string { return spec.Matrix[i].Name })
}
