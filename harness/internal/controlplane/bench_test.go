// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"slices"
	"testing"
	"time"
)

// BenchmarkStart tells the medians of a start until it is ready, from there
// until it is settled, and of a stop.
func BenchmarkStart(b *testing.B) {
	var ready, settled, stopped []time.Duration
	cfg := realConfig(b)
	cfg.Timeline = nil
	for b.Loop() {
		began := time.Now()
		c, err := Start(context.Background(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		ready = append(ready, time.Since(began))
		began = time.Now()
		if err := c.WaitSettled(context.Background()); err != nil {
			b.Error(err)
		}
		settled = append(settled, time.Since(began))
		began = time.Now()
		if err := c.Stop(); err != nil {
			b.Fatal(err)
		}
		stopped = append(stopped, time.Since(began))
	}
	for name, took := range map[string][]time.Duration{"ready": ready, "then-settled": settled, "stop": stopped} {
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms-"+name)
	}
}
