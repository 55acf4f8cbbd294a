// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"os"
	"strings"
	"testing"
)

// manualExample is the scenario that stands in the package's comment.
func manualExample(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		inside, ok := strings.CutPrefix(line, "//\t")
		if !ok && len(lines) > 0 {
			break
		}
		if ok {
			lines = append(lines, inside)
		}
	}
	return strings.Join(lines, "")
}

func TestManualExample(t *testing.T) {
	cases, err := Parse("manual.yaml", []byte(manualExample(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) != 2 || cases[0].FullName() != "tls/serving-certificate-expired" {
		t.Errorf("the example of the manual has %d cases, the first %s", len(cases), cases[0].FullName())
	}
}
