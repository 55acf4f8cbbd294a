// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"testing"
)

// Start boots a control plane for a test and closes it when the test ends. It
// fails the test when the boot does, and when something of it cannot be taken
// away again.
func Start(tb testing.TB, cfg Config) *Cluster {
	tb.Helper()
	if cfg.Progress == nil {
		cfg.Progress = func(line string) { tb.Log(line) }
	}
	cluster, err := New(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			tb.Error(err)
		}
	})
	return cluster
}
