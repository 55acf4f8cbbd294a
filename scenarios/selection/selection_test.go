// SPDX-License-Identifier: Apache-2.0

package selection

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func kase(family, name, row string, labels map[string]string) *v1alpha1.Case {
	c := &v1alpha1.Case{Family: family, Row: row, File: family + "/" + name + ".yaml"}
	c.Metadata.Name, c.Metadata.Labels = name, labels
	return c
}

var catalogue = []*v1alpha1.Case{
	kase("registration", "missing-endpoints", "", nil),
	kase("tls", "certificate-expired", "expired", map[string]string{"speed": "slow"}),
	kase("tls", "certificate-wrong-name", "wrong-name", map[string]string{"speed": "slow"}),
	kase("tls", "good-ca-bundle", "", nil),
}

const file = `apiVersion: aggtest.dev/v1alpha1
kind: Scenario
metadata: {name: mine}
spec:
  description: The control plane answers.
  given: {}
  steps:
  - name: answers
    expect:
    - request: {get: /version}
`

func fullNames(cases []*v1alpha1.Case) []string {
	var names []string
	for _, c := range cases {
		names = append(names, c.FullName())
	}
	return names
}

func TestResolve(t *testing.T) {
	t.Chdir(t.TempDir())
	for path, content := range map[string]string{
		"mine.yaml": file, "tls/mine.yaml": file, "own/mine.yaml": file,
		"wrong.yaml": strings.Replace(file, "steps:", "step:", 1),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		reason    string
		arguments []string
		want      []string
		wantErr   string
	}{
		{reason: "no arguments mean all", want: fullNames(catalogue)},
		{reason: "a family", arguments: []string{"registration"}, want: []string{"registration/missing-endpoints"}},
		{
			reason:    "the name of a matrix means its rows",
			arguments: []string{"tls/certificate"}, want: []string{"tls/certificate-expired", "tls/certificate-wrong-name"},
		},
		{
			reason:    "what two arguments mean comes once, at its first place",
			arguments: []string{"tls/certificate-wrong-name", "tls"},
			want:      []string{"tls/certificate-wrong-name", "tls/certificate-expired", "tls/good-ca-bundle"},
		},
		{reason: "a pattern", arguments: []string{"*/*-e*"}, want: []string{"registration/missing-endpoints", "tls/certificate-expired"}},
		{reason: "a family goes before a folder of its name", arguments: []string{"tls/good*"}, want: []string{"tls/good-ca-bundle"}},
		{reason: "./ makes it a folder", arguments: []string{"./tls"}, want: []string{"tls/mine"}},
		{reason: "a folder that is no family", arguments: []string{"own"}, want: []string{"own/mine"}},
		{reason: "a swap is near", arguments: []string{"tsl"}, wantErr: `did you mean "tls"?`},
		{reason: "a name without its family is compared with names", arguments: []string{"good-ca-bundel"}, wantErr: `did you mean "tls/good-ca-bundle"?`},
		{reason: "nothing is near", arguments: []string{"quux"}, wantErr: "aggtest list shows what there is"},
		{reason: "a pattern that is none", arguments: []string{"tls/["}, wantErr: "syntax error in pattern"},
		{reason: "a file that is not there", arguments: []string{"other.yaml"}, wantErr: "other.yaml"},
		{reason: "all that is wrong is said", arguments: []string{"tsl", "wrong.yaml"}, wantErr: `did you mean "tls"?`},
		{reason: "all that is wrong is said", arguments: []string{"tsl", "wrong.yaml"}, wantErr: "wrong.yaml:"},
	} {
		got, err := Resolve(catalogue, tc.arguments)
		switch {
		case tc.wantErr == "" && err != nil:
			t.Errorf("%s: Resolve(%q): %v", tc.reason, tc.arguments, err)
		case tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr)):
			t.Errorf("%s: Resolve(%q): error %v, want one with %q", tc.reason, tc.arguments, err, tc.wantErr)
		case !slices.Equal(fullNames(got), tc.want):
			t.Errorf("%s: Resolve(%q) = %q, want %q", tc.reason, tc.arguments, fullNames(got), tc.want)
		}
	}
	if _, err := Resolve(catalogue, []string{"wrong.yaml"}); !errors.As(err, new(v1alpha1.Problems)) {
		t.Errorf("the problems of a file can be told by their type: got %T", err)
	}
}

func TestFilter(t *testing.T) {
	for _, tc := range []struct {
		reason, selector string
		want             []string
		wantErr          bool
	}{
		{reason: "no selector takes all", want: fullNames(catalogue)},
		{reason: "the family is a label", selector: "family=registration", want: []string{"registration/missing-endpoints"}},
		{reason: "a label that is not there is not slow", selector: "speed!=slow,family=tls", want: []string{"tls/good-ca-bundle"}},
		{reason: "none", selector: "speed=quick"},
		{reason: "not a selector", selector: "speed=a=b", wantErr: true},
	} {
		got, err := Filter(catalogue, tc.selector)
		if (err != nil) != tc.wantErr || !slices.Equal(fullNames(got), tc.want) {
			t.Errorf("%s: Filter(%q) = %q, %v, want %q, error: %t", tc.reason, tc.selector, fullNames(got), err, tc.want, tc.wantErr)
		}
	}
}

func TestNames(t *testing.T) {
	want := []string{
		"registration", "tls",
		"registration/missing-endpoints", "tls/certificate", "tls/certificate-expired", "tls/certificate-wrong-name", "tls/good-ca-bundle",
	}
	if got := Names(catalogue); !slices.Equal(got, want) {
		t.Errorf("Names() = %q, want %q", got, want)
	}
}
