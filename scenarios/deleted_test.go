// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"testing"

	"github.com/aggtest/aggtest/scenarios/report"
)

// TestDeletedAfterApplied runs a scenario that deletes what it was given: undoing
// the deletion makes the object anew, and that must go as well.
func TestDeletedAfterApplied(t *testing.T) {
	p := sharedPlane(t)
	before := inventory(t, p)
	for run := range 2 {
		result := p.run(t.Context(), &job{scenario: load(t, "deleted.yaml")})
		if result.Result != report.Passed {
			t.Fatalf("run %d: %s: %s", run+1, result.Result, result.Text())
		}
		sameInventory(t, p, before)
	}
}
