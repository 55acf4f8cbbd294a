// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aggtest/aggtest/scenarios/catalog"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

var update = flag.Bool("update", false, "write docs/coverage.md and the golden file anew")

func catalogue(t *testing.T) []*v1alpha1.Case {
	t.Helper()
	cases, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is out of date: go test ./scenarios/catalog/coverage -update (-want +got):\n%s", file, diff)
	}
}

func TestDocument(t *testing.T) {
	got, err := Markdown(catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("..", "..", "..", "docs", "coverage.md"), got)
}

func TestCatalogueIsComplete(t *testing.T) {
	problems, err := Check(catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) > 0 {
		t.Errorf("%d problems:\n%s", len(problems), problems)
	}
}

// TestEachItemIsThere holds the 57 items of upstream's tests: the numbers go on
// without a gap, and one is either whole or in parts from a on.
func TestEachItemIsThere(t *testing.T) {
	sections, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	numbered := regexp.MustCompile(`^upstream-(\d\d)([a-z]?)$`)
	parts, byKind := map[string]string{}, map[string]int{}
	for _, section := range sections {
		for _, b := range section.Behaviours {
			kind, _, _ := strings.Cut(b.ID, "-")
			byKind[kind]++
			if found := numbered.FindStringSubmatch(b.ID); found != nil {
				parts[found[1]] += found[2] + "."
			}
		}
	}
	for i := 1; i <= 57; i++ {
		number := fmt.Sprintf("%02d", i)
		got, ok := parts[number]
		want := "."
		if got != "." {
			want = ""
			for letter := range len(strings.Split(got, ".")) - 1 {
				want += string(rune('a'+letter)) + "."
			}
		}
		if !ok || got != want {
			t.Errorf("upstream-%s has the parts %q, want one without a letter, or a, b and so on", number, got)
		}
	}
	if len(parts) != 57 {
		t.Errorf("%d items of upstream's tests, want 57", len(parts))
	}
	for kind, atLeast := range map[string]int{"quirk": 12, "gap": 18, "finding": 10} {
		if byKind[kind] < atLeast {
			t.Errorf("%d behaviours of kind %s, want at least %d", byKind[kind], kind, atLeast)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	const good = "- section: s\n  behaviours:\n  - {id: upstream-01, title: t, source: k8s.io/x@v1.0.0/a/b.go:1}\n"
	if _, err := parse([]byte(good)); err != nil {
		t.Fatalf("a good file: %v", err)
	}
	cases := []struct{ data, want, reason string }{
		{"", "EOF", "nothing"},
		{"- section: s\n  behaviors: []\n", "behaviors", "a field that is not known"},
		{strings.Replace(good, "upstream-01", "upstream-1", 1), `"upstream-1" is not an id`, "one digit"},
		{strings.Replace(good, "upstream-01", "odd-01", 1), `"odd-01" is not an id`, "another kind"},
		{strings.Replace(good, "title: t", `title: ""`, 1), "no title", "a behaviour that nobody understands"},
		{strings.Replace(good, "section: s", `section: ""`, 1), "no title", "a section without one"},
		{strings.Replace(good, "@v1.0.0", "", 1), "want module@version/file:line", "a source without a version"},
		{good + strings.Replace(good, "section: s", "section: other", 1), "upstream-01 is there twice", "in two sections"},
	}
	for _, tc := range cases {
		_, err := parse([]byte(tc.data))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: the error is %v, want %q", tc.reason, err, tc.want)
		}
	}
}

// sample has a behaviour of each outcome.
func sample(t *testing.T) []Section {
	t.Helper()
	sections, err := parse([]byte(`
- section: One
  behaviours:
  - id: upstream-01
    title: is covered by two
    source: k8s.io/x@v1.0.0/a.go:1
  - id: upstream-02a
    title: is covered by one row
    source: k8s.io/x@v1.0.0/a.go:2
  - id: upstream-02b
    title: is covered by nobody
    source: k8s.io/x@v1.0.0/a.go:2
- section: Two
  behaviours:
  - id: quirk-reasoned
    title: has a | in its title
    source: k8s.io/x@v1.0.0/a/b.go:3
    why: It cannot be shown.
  - id: gap-both
    title: is covered and has a reason
    source: k8s.io/x@v1.0.0/a/b.go
    why: It cannot be shown, they said.
`))
	if err != nil {
		t.Fatal(err)
	}
	return sections
}

// covering makes a scenario with these lines in its spec.
func covering(t *testing.T, name, spec string) []*v1alpha1.Case {
	t.Helper()
	cases, err := v1alpha1.Parse("tls/"+name+".yaml", []byte(fmt.Sprintf(`apiVersion: aggtest.dev/v1alpha1
kind: Scenario
metadata: {name: %s}
spec:
  description: It covers something.
  given: {namespaces: [some-system]}
%s  steps:
  - name: one
    expect:
    - request: {get: /apis}
`, name, spec)))
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func sampleCases(t *testing.T) []*v1alpha1.Case {
	t.Helper()
	cases := covering(t, "second", "  covers: [upstream-01, gap-both]\n")
	cases = append(cases, covering(t, "rows", `  covers: [upstream-01, "${matrix.id}"]
  matrix:
  - {name: one, values: {id: upstream-02a}}
  - {name: two, values: {id: upstream-02}}
`)...)
	cases = append(cases, covering(t, "misspelt", "  covers: [quirk-reasonned, gap-nothing-like-it]\n")...)
	return append(cases, covering(t, "skipped", "  covers: [upstream-02b]\n  skip: {reason: it is slow}\n")...)
}

func TestCheck(t *testing.T) {
	var got []string
	for _, problem := range check(sample(t), sampleCases(t)) {
		got = append(got, problem.String())
	}
	want := []string{
		`behaviours.yaml.txt:10:1: upstream-02b: no scenario covers it (is covered by nobody): write one, or say why not`,
		`behaviours.yaml.txt:19:1: gap-both: it says why no scenario covers it, and tls/second does: remove one of the two`,
		`tls/rows.yaml:7:25: spec.covers[1]: there is no behaviour "upstream-02", only its parts upstream-02a, upstream-02b`,
		`tls/misspelt.yaml:7:12: spec.covers[0]: there is no behaviour "quirk-reasonned", did you mean "quirk-reasoned"?`,
		`tls/misspelt.yaml:7:29: spec.covers[1]: there is no behaviour "gap-nothing-like-it"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestMarkdown(t *testing.T) {
	golden(t, filepath.Join("testdata", "coverage.md"), markdown(sample(t), sampleCases(t)))
}
