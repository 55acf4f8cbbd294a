// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aggtest/aggtest/scenarios/v1alpha1/internal/describe"
)

func TestDescriptionsAreUpToDate(t *testing.T) {
	want, err := describe.Generate(".")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(describe.File)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is out of date: run go generate ./scenarios/v1alpha1", describe.File)
	}
}

var placeholder = regexp.MustCompile(`(?i)\b(todo|tbd|fixme|xxx|placeholder|lorem)\b`)

// TestEveryFieldIsDescribed walks from Scenario, so that it sees what users see.
func TestEveryFieldIsDescribed(t *testing.T) {
	checked := 0
	check := func(name, text string) {
		checked++
		if len(strings.Fields(text)) < 3 || !strings.HasSuffix(text, ".") || placeholder.MatchString(text) {
			t.Errorf("the description of %s says nothing or does not end: %q", name, text)
		}
	}
	seen := map[reflect.Type]bool{}
	var visit func(reflect.Type)
	visit = func(t reflect.Type) {
		t = elementType(t)
		if seen[t] {
			return
		}
		seen[t] = true
		for _, v := range enumerations[t.Name()] {
			check(t.Name()+" "+v.value, v.description)
		}
		if formOf(t) != formStruct {
			return
		}
		check(t.Name(), descriptions[t.Name()])
		for _, f := range fieldsOf(t) {
			check(t.Name()+"."+f.name, f.description())
			visit(f.goType)
		}
	}
	visit(reflect.TypeFor[Scenario]())
	if checked < 100 {
		t.Errorf("only %d descriptions were looked at", checked)
	}
}

// TestDocumentedDefaults holds that explain and the schema tell the defaults
// that SetDefaults sets, and that each stands in its field's description.
func TestDocumentedDefaults(t *testing.T) {
	s := Scenario{Spec: Spec{Given: Given{
		ControlPlane: &ControlPlane{},
		Servers:      []Server{{Answers: []Answer{{}}}},
		APIServices:  []APIService{{}},
	}, Steps: []Step{{Do: []Action{{Traffic: &Traffic{}}}}}}}
	SetDefaults(&s)
	given := s.Spec.Given
	got := map[string]any{
		"Spec.timeout":                    "3m",
		"ControlPlane.apiServers":         given.ControlPlane.APIServers,
		"Server.fixture":                  string(given.Servers[0].Fixture),
		"Server.namespace":                given.Servers[0].Namespace,
		"Server.port":                     int(given.Servers[0].Port),
		"Server.replicas":                 given.Servers[0].Replicas,
		"Server.discovery":                string(given.Servers[0].Discovery),
		"Server.certificate":              string(given.Servers[0].Certificate),
		"Answer.status":                   given.Servers[0].Answers[0].Status,
		"Answer.contentType":              given.Servers[0].Answers[0].ContentType,
		"APIService.groupPriorityMinimum": int(given.APIServices[0].GroupPriorityMinimum),
		"APIService.versionPriority":      int(given.APIServices[0].VersionPriority),
		"Traffic.every":                   time.Duration(s.Spec.Steps[0].Do[0].Traffic.Every).String(),
		"Traffic.timeout":                 time.Duration(s.Spec.Steps[0].Do[0].Traffic.Timeout).String(),
	}
	if !reflect.DeepEqual(got, documentedDefaults) {
		t.Errorf("SetDefaults sets\n%v\ndocumented are\n%v", got, documentedDefaults)
	}
	if timeout, _ := s.Spec.Timeout.MarshalJSON(); string(timeout) != `"3m0s"` {
		t.Errorf("the timeout is %s", timeout)
	}
	for name := range documentedDefaults {
		if text := descriptions[name]; !strings.Contains(text, " when 0") && !strings.Contains(text, " when empty") {
			t.Errorf("the description of %s does not tell its default: %q", name, text)
		}
	}
}
