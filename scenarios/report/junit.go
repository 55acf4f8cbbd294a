// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The elements that continuous-integration systems read of a JUnit file. They
// differ on the rest, so nothing else is written.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Properties []junitProperty `xml:"properties>property,omitempty"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		File      string        `xml:"file,attr,omitempty"`
		Time      string        `xml:"time,attr"`
		Failure   *junitFailure `xml:"failure,omitempty"`
		Skipped   *junitSkipped `xml:"skipped,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",cdata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

// WriteJUnit writes the report as JUnit XML: a test suite for each family, in
// the order in which the families first occur, and a test case for each run of
// a scenario. A failure's text is [Scenario.Text].
func (r *Report) WriteJUnit(w io.Writer) error {
	suites := junitSuites{Name: "aggtest"}
	var total Seconds
	var families []string
	byFamily := map[string][]Scenario{}
	for _, scenario := range r.Scenarios {
		if _, known := byFamily[scenario.Family]; !known {
			families = append(families, scenario.Family)
		}
		byFamily[scenario.Family] = append(byFamily[scenario.Family], scenario)
		total += scenario.Seconds
	}
	for _, family := range families {
		suites.Suites = append(suites.Suites, r.suite(family, byFamily[family]))
	}
	count := r.Summary()
	suites.Tests, suites.Failures, suites.Skipped = len(r.Scenarios), count.Failed, count.Skipped
	suites.Time = total.attribute()

	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write the report as JUnit XML: %w", err)
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suites); err != nil {
		return fmt.Errorf("write the report as JUnit XML: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("write the report as JUnit XML: %w", err)
	}
	return nil
}

func (r *Report) suite(family string, scenarios []Scenario) junitSuite {
	suite := junitSuite{Name: family, Tests: len(scenarios)}
	if r.Kubernetes != "" {
		suite.Properties = []junitProperty{{Name: "kubernetes", Value: r.Kubernetes}}
	}
	var count Summary
	var total Seconds
	for _, scenario := range scenarios {
		total += scenario.Seconds
		count.add(scenario.Result)
		test := junitCase{Name: scenario.FullName(), ClassName: "aggtest." + family, File: scenario.File, Time: scenario.Seconds.attribute()}
		switch scenario.Result {
		case Failed:
			test.Failure = &junitFailure{Message: printable(firstLine(scenario.Reason)), Text: scenario.Text()}
		case Skipped:
			test.Skipped = &junitSkipped{Message: printable(scenario.Reason)}
		}
		suite.Cases = append(suite.Cases, test)
	}
	suite.Failures, suite.Skipped, suite.Time = count.Failed, count.Skipped, total.attribute()
	return suite
}

func (s Seconds) attribute() string { return fmt.Sprintf("%.3f", s.rounded()) }

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
