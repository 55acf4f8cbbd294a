// SPDX-License-Identifier: Apache-2.0

// Package report holds what became of a run of scenarios, and writes it down.
//
// A [Report] lists every scenario that was selected, in the order of the
// selection, whether it passed, failed or was skipped: a scenario that never
// began because the environment broke stands there too, with the reason. A
// failed scenario carries its evidence, so that the report alone says why.
//
// [Report.WriteJSON] writes it for programs:
//
//	{
//	  "apiVersion": "aggtest.dev/v1alpha1",
//	  "kind": "Report",
//	  "kubernetes": "v1.37.2",
//	  "summary": {"passed": 16, "failed": 1, "skipped": 0},
//	  "scenarios": [
//	    {"name": "missing-endpoints", "family": "registration", "result": "passed",
//	     "seconds": 1.204, "steps": [...]}
//	  ]
//	}
//
// [Report.WriteJUnit] writes it for continuous integration, with a test suite
// for each family. [Expectation.Text] and [Scenario.Text] word a failure for
// people; the command and the JUnit file both show that text.
package report
