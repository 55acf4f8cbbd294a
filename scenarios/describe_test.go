// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"fmt"
	"strings"
	"testing"
)

// TestDescribe words every verb of a scenario that has them all.
func TestDescribe(t *testing.T) {
	c := load(t, "every-verb.yaml")
	var b strings.Builder
	for _, step := range c.Spec.Steps {
		fmt.Fprintln(&b, step.Name)
		for i := range step.Do {
			fmt.Fprintln(&b, "  do", describeAction(&step.Do[i]))
		}
		for i := range step.Expect {
			fmt.Fprintf(&b, "  expect %s (%s)\n", describeExpectation(&step.Expect[i]), timingOf(&step.Expect[i]))
		}
	}
	golden(t, "every-verb.txt", b.String())
}
