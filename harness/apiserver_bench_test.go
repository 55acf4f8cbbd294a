// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aggtest/aggtest/harness"
)

// BenchmarkControlPlane tells the medians of the boot of a control plane and of
// the memory of its processes just after. Run it with -benchtime 5x.
func BenchmarkControlPlane(b *testing.B) {
	for _, n := range []int{1, 3} {
		b.Run(fmt.Sprintf("kube-apiservers=%d", n), func(b *testing.B) {
			figures := map[string][]float64{}
			note := func(what string, figure float64) { figures[what] = append(figures[what], figure) }
			for b.Loop() {
				began := time.Now()
				cluster, err := harness.New(b.Context(), harness.Config{APIServers: n})
				if err != nil {
					b.Fatal(err)
				}
				note("ms-boot", float64(time.Since(began).Milliseconds()))
				total := 0.0
				for _, process := range cluster.Processes() {
					name, _, _ := strings.Cut(process.Name, "-") // etcd, or kube
					note("MB-"+name, float64(process.RSS)/1e6)
					total += float64(process.RSS) / 1e6
				}
				note("MB-in-all", total)
				if err := cluster.Close(); err != nil {
					b.Fatal(err)
				}
			}
			for what, all := range figures {
				slices.Sort(all)
				b.ReportMetric(all[len(all)/2], what)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkRestart tells the medians of what it takes to restart one of two
// kube-apiservers, and to pause and resume it.
func BenchmarkRestart(b *testing.B) {
	cluster, err := harness.New(b.Context(), harness.Config{APIServers: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := cluster.Close(); err != nil {
			b.Error(err)
		}
	}()
	figures := map[string][]float64{}
	note := func(what string, f func() error) {
		began := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		figures["ms-"+what] = append(figures["ms-"+what], float64(time.Since(began).Microseconds())/1e3)
	}
	for b.Loop() {
		note("stop", func() error { return cluster.StopAPIServer(b.Context(), 1) })
		note("start", func() error { return cluster.StartAPIServer(b.Context(), 1) })
		note("pause", func() error { return cluster.PauseAPIServer(1) })
		note("resume", func() error { return cluster.ResumeAPIServer(1) })
	}
	for what, all := range figures {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], what)
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkControllerManager tells the medians of the boot of a control plane
// without and with a kube-controller-manager, in turn, and of the memory of its
// processes. Run it with -benchtime 10x.
func BenchmarkControllerManager(b *testing.B) {
	with := harness.ControllerManagerConfig{Controllers: []string{
		"deployment", "replicaset", "endpointslice", "horizontal-pod-autoscaler", "namespace", "garbage-collector", "resourcequota",
	}}
	figures := map[string][]float64{}
	note := func(what string, figure float64) { figures[what] = append(figures[what], figure) }
	boot := func(name string, config harness.Config) {
		began := time.Now()
		cluster, err := harness.New(b.Context(), config)
		if err != nil {
			b.Fatal(err)
		}
		note("ms-boot-"+name, float64(time.Since(began).Milliseconds()))
		total := 0.0
		for _, process := range cluster.Processes() {
			if process.Name == "kube-controller-manager" {
				note("MB-kube-controller-manager", float64(process.RSS)/1e6)
			}
			total += float64(process.RSS) / 1e6
		}
		note("MB-in-all-"+name, total)
		if err := cluster.Close(); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		boot("without", harness.Config{})
		boot("with", harness.Config{ControllerManager: with})
	}
	for what, all := range figures {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], what)
	}
	b.ReportMetric(0, "ns/op")
}
