// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"reflect"
	"testing"
)

func TestExplain(t *testing.T) {
	for _, path := range []string{
		"", "spec.steps.expect", "spec.steps.expect.that", "spec.given.servers", "spec.given.servers.certificate",
		"spec.steps.do.answer", "spec.timeout", "spec.matrix.values",
	} {
		name := path
		if name == "" {
			name = "scenario"
		}
		text, err := Explain(path)
		if err != nil {
			t.Errorf("Explain(%q): %v", path, err)
			continue
		}
		golden(t, "explain/"+name+".txt", text)
	}
}

func TestExplainTakesIndexes(t *testing.T) {
	with, err := Explain("spec.steps[1].expect[0].that")
	if err != nil {
		t.Fatal(err)
	}
	without, err := Explain("spec.steps.expect.that")
	if err != nil || with != without {
		t.Errorf("with indexes: %s\nwithout: %s, %v", with, without, err)
	}
}

// TestExplainReachesEveryField holds that no field is without its text.
func TestExplainReachesEveryField(t *testing.T) {
	paths := 0
	var visit func(path string, of reflect.Type)
	visit = func(path string, of reflect.Type) {
		for _, f := range innerFields(of) {
			here := fieldPath(path, f.name)
			if text, err := Explain(here); err != nil || text == "" {
				t.Errorf("Explain(%q) = %q, %v", here, text, err)
			}
			paths++
			visit(here, f.goType)
		}
	}
	visit("", reflect.TypeFor[Scenario]())
	if paths < 100 {
		t.Errorf("only %d fields were reached", paths)
	}
}

func TestExplainUnknown(t *testing.T) {
	for _, tc := range []struct{ path, want, reason string }{
		{"spc", `a scenario has no field "spc", did you mean spec? (it has apiVersion, kind, metadata, spec)`, "at the top"},
		{"spec.stps.expect", `spec has no field "stps", did you mean spec.steps? (it has description, references, covers, requires, skip, exclusive, timeout, matrix, given, steps)`, "in the middle"},
		{"spec.skip.xyz", `spec.skip has no field "xyz" (it has reason)`, "nothing is near"},
		{"spec.timeout.seconds", `spec.timeout has no fields, and so no "seconds"`, "below a scalar"},
	} {
		if _, err := Explain(tc.path); err == nil || err.Error() != tc.want {
			t.Errorf("%s: Explain(%q): %v, want %s", tc.reason, tc.path, err, tc.want)
		}
	}
}
