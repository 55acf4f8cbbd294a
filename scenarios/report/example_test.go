// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/aggtest/aggtest/scenarios/report"
)

// Reads a report that a run wrote, and says what failed.
func ExampleReadJSON() {
	file := strings.NewReader(`{
		"apiVersion": "aggtest.dev/v1alpha1", "kind": "Report", "kubernetes": "v1.37.2",
		"summary": {"passed": 1, "failed": 1, "skipped": 0},
		"scenarios": [
			{"name": "available", "family": "registration", "result": "passed", "seconds": 1.2},
			{"name": "expired", "family": "tls", "result": "failed", "seconds": 40.1, "reason": "it did not become so within 40s"}
		]}`)
	r, err := report.ReadJSON(file)
	if err != nil {
		log.Fatal(err)
	}
	for _, scenario := range r.Scenarios {
		if scenario.Result == report.Failed {
			fmt.Printf("%s: %s\n", scenario.FullName(), scenario.Reason)
		}
	}
	fmt.Println(r.Summary().Passed, "passed")
	// Output:
	// tls/expired: it did not become so within 40s
	// 1 passed
}
