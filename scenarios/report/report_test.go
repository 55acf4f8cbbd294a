// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample has one of each.
func sample() *Report {
	return &Report{
		Kubernetes: "v1.37.2",
		Scenarios: []Scenario{
			{Name: "available", Family: "registration", File: "registration/available.yaml", Result: Passed, Seconds: Seconds(1204567 * time.Microsecond),
				Steps: []Step{{Name: "healthy", Result: Passed, Seconds: Seconds(time.Second), Actions: []string{"touch server a"},
					Expectations: []Expectation{{What: "custom.example.com/v1 is served", When: "within 10s", Result: Passed, At: "available.yaml:20:7", Seconds: Seconds(40 * time.Millisecond)}}}}},
			{Name: "expired", Family: "tls", Result: Failed, Seconds: Seconds(41 * time.Second),
				Reason: `step "the certificate runs out": it did not become so within 40s: APIService v1.custom.example.com has condition.status == 'False'`,
				Steps: []Step{
					{Name: "the certificate runs out", Result: Failed, Seconds: Seconds(40 * time.Second), Expectations: []Expectation{
						{What: "APIService v1.custom.example.com has condition.status == 'False'", When: "within 40s", At: "expired.yaml:30:7",
							Result: Failed, Seconds: Seconds(40 * time.Second), Reason: "it did not become so within 40s",
							Last: "Available=True Passed: all checks passed\ncondition.status = \"True\"", LastFor: Seconds(38200 * time.Millisecond), Through: "kube-apiserver-1"},
						{What: "GET /apis has response.code == 200", When: "for 1m0s", Result: Skipped, Seconds: Seconds(40 * time.Second), Reason: "not known: another expectation of the step failed first"},
					}},
					{Name: "mended", Result: Skipped},
				},
				Evidence: []Section{
					{Title: "APIServices now", Lines: []string{"v1.custom.example.com through kube-apiserver-1: Available=True Passed: all checks passed"}},
					{Title: "log of server a", Lines: []string{"a line with <angles> & \x00\x1b[31mcolour\x1b[0m", "two\nlines"}},
				}},
			{Name: "wrong-name", Family: "tls", Run: 2, Result: Skipped, Reason: "it requires Kubernetes >=1.99, and this is v1.37.2"},
			{Name: "order", Family: "registration", Result: Passed, Seconds: Seconds(500 * time.Millisecond)},
		},
	}
}

func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", b.String())
	read, err := ReadJSON(&b)
	if err != nil {
		t.Fatal(err)
	}
	want := sample()
	want.Scenarios[0].Seconds = Seconds(1205 * time.Millisecond)
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("what is read back differs but for the rounding (-want +got):\n%s", diff)
	}
}

func TestWriteJSONOfNothing(t *testing.T) {
	var b bytes.Buffer
	if err := (&Report{}).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"scenarios": []`) {
		t.Errorf("no scenarios are written as %s, want an empty list for programs to range over", b.String())
	}
}

func TestReadJSONRefuses(t *testing.T) {
	for _, text := range []string{"", "{", `{"kind":"Report"}`, `{"apiVersion":"aggtest.dev/v1alpha1","kind":"Scenario"}`, `{"apiVersion":"aggtest.dev/v1alpha1","kind":"Report","scenarios":[{"seconds":"1s"}]}`} {
		if _, err := ReadJSON(strings.NewReader(text)); err == nil {
			t.Errorf("%q is read as a report", text)
		}
	}
}

func TestWriteJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.xml", b.String())
	// Whatever servers write, the file stays XML.
	decoder := xml.NewDecoder(&b)
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the file is no XML: %v", err)
		}
	}
}

func TestText(t *testing.T) {
	var b strings.Builder
	for _, scenario := range sample().Scenarios {
		b.WriteString("== " + scenario.FullName() + "\n" + scenario.Text() + "\n")
	}
	golden(t, "report.txt", b.String())
}

func TestSummary(t *testing.T) {
	if got, want := sample().Summary(), (Summary{Passed: 2, Failed: 1, Skipped: 1}); got != want {
		t.Errorf("summary %+v, want %+v", got, want)
	}
}

// fullDisk refuses after some bytes.
type fullDisk struct{ left int }

var errFull = errors.New("the disk is full")

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.left {
		return 0, errFull
	}
	d.left -= len(p)
	return len(p), nil
}

func TestWritersSayWhatWentWrong(t *testing.T) {
	for _, left := range []int{0, 50, 300} {
		if err := sample().WriteJSON(&fullDisk{left}); !errors.Is(err, errFull) {
			t.Errorf("JSON with room for %d bytes: %v", left, err)
		}
		if err := sample().WriteJUnit(&fullDisk{left}); !errors.Is(err, errFull) {
			t.Errorf("JUnit with room for %d bytes: %v", left, err)
		}
	}
}

func FuzzJUnitIsXML(f *testing.F) {
	f.Add("plain", "a\x00b\xff\ufffe<&>")
	f.Fuzz(func(t *testing.T, reason, line string) {
		var b bytes.Buffer
		r := &Report{Scenarios: []Scenario{{Name: "a", Result: Failed, Reason: reason, Evidence: []Section{{Lines: []string{line}}}}}}
		if err := r.WriteJUnit(&b); err != nil {
			t.Fatal(err)
		}
		var suites junitSuites
		if err := xml.Unmarshal(b.Bytes(), &suites); err != nil {
			t.Fatalf("%v in %q", err, b.String())
		}
		if got := suites.Suites[0].Cases[0].Failure; got == nil {
			t.Error("the failure is lost")
		}
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; run with -update if this is right (-want +got):\n%s", path, diff)
	}
}
