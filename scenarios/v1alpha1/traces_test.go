// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

const withTraces = `apiVersion: aggtest.dev/v1alpha1
kind: Scenario
metadata: {name: traces}
spec:
  description: Recordings beside the scenario, and elsewhere.
  given:
    servers:
    - name: adapter
      fixture: metrics
      metrics:
        nodes: [{name: nodes, cpu: {trace: {file: cpu.csv}}}]
        external: [{name: queue, metric: queue, value: {trace: {file: /recorded/queue.csv}}}]
  steps:
  - name: another recording
    do:
    - set: {server: adapter, name: queue, value: {trace: {file: later/queue.csv, repeat: true}}}
`

// A scenario is run from any working directory: its recordings are found from
// where its file is.
func TestRecordingsAreBesideTheScenario(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "traces.yaml")
	if err := os.WriteFile(file, []byte(withTraces), 0o644); err != nil {
		t.Fatal(err)
	}
	cases, err := v1alpha1.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	metrics := cases[0].Spec.Given.Servers[0].Metrics
	for _, tc := range []struct{ reason, got, want string }{
		{"a usage is relative to the file", metrics.Nodes[0].CPU.Trace.File, filepath.Join(dir, "cpu.csv")},
		{"an absolute path stays", metrics.External[0].Value.Trace.File, "/recorded/queue.csv"},
		{"so it is in an action", cases[0].Spec.Steps[0].Do[0].Set.Value.Trace.File, filepath.Join(dir, "later", "queue.csv")},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.reason, tc.got, tc.want)
		}
	}
}
