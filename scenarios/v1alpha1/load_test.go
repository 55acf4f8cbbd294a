// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const minimal = `apiVersion: aggtest.dev/v1alpha1
kind: Scenario
metadata: {name: NAME}
spec: {description: One for tests., given: {}, steps: [{name: x, expect: [{serves: a.b/v1}]}]}
`

func scenarioText(name string) string { return strings.Replace(minimal, "NAME", name, 1) }

func loadGood(t *testing.T) []*Case {
	t.Helper()
	cases, err := Load("testdata/good")
	if err != nil {
		t.Fatalf("load the examples: %v", err)
	}
	return cases
}

func TestLoadExpandsTheMatrix(t *testing.T) {
	var names []string
	for _, c := range loadGood(t) {
		names = append(names, c.FullName())
	}
	want := []string{"everything/full-two", "everything/full-three", "good/least", "good/server"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatalf("the full names (-want +got):\n%s", diff)
	}
	full := loadGood(t)[1]
	if full.Row != "three" || full.Spec.Matrix != nil || full.File != filepath.Join("testdata", "good", "full.yaml") {
		t.Errorf("the case is of row %q in %s and still has %v", full.Row, full.File, full.Spec.Matrix)
	}
	server := full.Server("honest")
	if server.Replicas != 3 || !full.Spec.Given.APIServices[0].InsecureSkipTLSVerify {
		t.Errorf("a number and a bool of the matrix are %d and %v", server.Replicas, full.Spec.Given.APIServices[0].InsecureSkipTLSVerify)
	}
	expect := full.Spec.Steps[0].Expect[0]
	if time.Duration(expect.Within) != 20*time.Second || full.Spec.Steps[0].Do[4].Certificate.Fault != CertificateWrongName {
		t.Errorf("a duration and a word of the matrix are %v and %v", expect.Within, full.Spec.Steps[0].Do[4].Certificate.Fault)
	}
	data := full.Spec.Given.Objects[0]["data"].(map[string]any)
	if data["script"] != "echo ${HOME}" {
		t.Errorf("an escaped reference is %q", data["script"])
	}
	apply := full.Spec.Steps[0].Do[0].Apply
	if got := apply["metadata"].(map[string]any)["generation"]; got != int64(3) {
		t.Errorf("an integer of a manifest is %T(%v), want int64(3)", got, got)
	}
	if got := apply.Reference(); got != (ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Name: "x"}) {
		t.Errorf("the manifest's reference is %+v", got)
	}
	if answer := full.Spec.Steps[0].Do[7].Answer; answer.Server != "liar" || answer.Path != "/apis/liar.example.com/v1" {
		t.Errorf("an inlined answer is %+v", answer)
	}
}

func TestLoadSetsDefaults(t *testing.T) {
	c := loadGood(t)[3]
	server := *c.Server("api")
	server.Serves = nil
	want := Server{
		Name: "api", Fixture: FixtureExtension, Namespace: "custom-system", Service: "api", Port: 443, Replicas: 1,
		Discovery: DiscoveryAggregated, Certificate: CertificateGood,
	}
	if diff := cmp.Diff(want, server); diff != "" {
		t.Errorf("a server's defaults (-want +got):\n%s", diff)
	}
	if got := c.Server("api").Serves[0].Singular; got != "mykind" {
		t.Errorf("the singular of MyKind is %q", got)
	}
	apiServices := []APIService{
		{Server: "api", Group: "a.b", Version: "v1", GroupPriorityMinimum: 1000, VersionPriority: 15, CABundle: CABundleServer, Port: 443},
		{Server: "scripted", Group: "a.b", Version: "v2", GroupPriorityMinimum: 1000, VersionPriority: 15, CABundle: CABundleNone,
			InsecureSkipTLSVerify: true, Port: 6443},
	}
	if diff := cmp.Diff(apiServices, c.Spec.Given.APIServices); diff != "" {
		t.Errorf("the APIServices' defaults (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&APIService{Server: "api", Group: "a.b", Version: "v3", GroupPriorityMinimum: 1000, VersionPriority: 15,
		CABundle: CABundleServer, Port: 443}, c.Spec.Steps[0].Do[1].Register); diff != "" {
		t.Errorf("a registered APIService's defaults (-want +got):\n%s", diff)
	}
	for _, answer := range []Answer{c.Server("scripted").Answers[0], c.Spec.Steps[0].Do[0].Answer.Answer} {
		if answer.Status != 200 || answer.ContentType != "application/json" {
			t.Errorf("an answer's defaults are %d and %q", answer.Status, answer.ContentType)
		}
	}
	if c.Spec.Timeout != defaultTimeout || c.Spec.Given.ControlPlane.APIServers != 1 {
		t.Errorf("the timeout is %v, with %d kube-apiservers", time.Duration(c.Spec.Timeout), c.Spec.Given.ControlPlane.APIServers)
	}
}

func TestPosition(t *testing.T) {
	c := loadGood(t)[0]
	file := c.File
	for _, tc := range []struct{ path, want, reason string }{
		{"spec.description", file + ":7:16", "a scalar is where its text begins"},
		{"spec.steps[0].expect[2].matches", file + ":84:7", "a map is where its key is"},
		{"spec.steps[0].expect[1].that", file + ":82:13", "an expression"},
		{"spec.steps[0].do[5]", file + ":67:7", "an item of a list"},
		{"spec.steps[0].do[5].cut.replica", file + ":67:7", "what is not written is where its parent is"},
		{"spec.given.servers[9].name", file + ":26:5", "an item that there is not"},
		{`spec.given.controlPlane.flags["a.b"]`, file + ":17:35", "a key with a dot"},
		{"", file + ":1:1", "the document"},
	} {
		if got := c.Position(tc.path).String(); got != tc.want {
			t.Errorf("%s: Position(%q) = %s, want %s", tc.reason, tc.path, got, tc.want)
		}
	}
}

func TestLoadFS(t *testing.T) {
	fsys := fstest.MapFS{
		"catalog/tls/b.yaml":      {Data: []byte(scenarioText("b"))},
		"catalog/tls/a.yml":       {Data: []byte(scenarioText("a"))},
		"catalog/tls/deep/c.yaml": {Data: []byte(scenarioText("c"))},
		"catalog/README.md":       {Data: []byte("no scenario")},
		"top.yaml":                {Data: []byte(scenarioText("top"))},
	}
	for _, tc := range []struct {
		root   string
		want   []string
		reason string
	}{
		{".", []string{"tls/a", "tls/b", "deep/c", "top"}, "everything, in order of path"},
		{"catalog/tls", []string{"tls/a", "tls/b", "deep/c"}, "a folder"},
		{"catalog/tls/b.yaml", []string{"tls/b"}, "a file"},
	} {
		cases, err := LoadFS(fsys, tc.root)
		if err != nil {
			t.Errorf("%s: %v", tc.reason, err)
			continue
		}
		var names []string
		for _, c := range cases {
			names = append(names, c.FullName())
		}
		if diff := cmp.Diff(tc.want, names); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
		}
	}
}

func TestLoadOneFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "registration")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "x.yaml")
	if err := os.WriteFile(file, []byte(scenarioText("available")), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	for _, name := range []string{file, "x.yaml", "."} {
		cases, err := Load(name)
		if err != nil || len(cases) != 1 || cases[0].FullName() != "registration/available" {
			t.Errorf("Load(%q) = %v, %v, want registration/available", name, cases, err)
		}
	}
}

func TestLoadFindsProblemsOfAllFiles(t *testing.T) {
	fsys := fstest.MapFS{
		"tls/a.yaml": {Data: []byte(scenarioText("a"))},
		"tls/b.yaml": {Data: []byte(scenarioText("a"))},
		"tls/c.yaml": {Data: []byte("kind: [")},
		"tls/d.yaml": {Data: []byte(scenarioText("No"))},
	}
	_, err := LoadFS(fsys, ".")
	want := `tls/b.yaml:3:18: metadata.name: there is another scenario tls/a at tls/a.yaml:3:18
tls/c.yaml:1:1: not YAML: did not find expected node content
tls/d.yaml:3:18: metadata.name: "No" is not a name of lower-case letters, digits and dashes, with no dash at its ends`
	if err == nil || err.Error() != want {
		t.Errorf("LoadFS:\n%v\nwant\n%s", err, want)
	}
}

func TestLoadWithoutFiles(t *testing.T) {
	var problems Problems
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) || errors.As(err, &problems) {
		t.Errorf("Load of nothing: %v, want %v", err, fs.ErrNotExist)
	}
	if _, err := LoadFS(fstest.MapFS{}, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadFS of nothing: %v, want %v", err, fs.ErrNotExist)
	}
	cases, err := Load(t.TempDir())
	if len(cases) > 0 || err != nil {
		t.Errorf("Load of an empty folder: %v, %v", cases, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*", "testdata/mistakes/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, err := Parse("fuzz.yaml", data)
		if err == nil {
			for _, c := range cases {
				c.Position("spec.steps[0]")
			}
			return
		}
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("Parse: %v, want problems", err)
		}
		checkPlaces(t, problems, data)
	})
}
