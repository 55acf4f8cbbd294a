// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/aggtest/aggtest/harness"
)

// BenchmarkBoot is what every user waits for: from nothing to a control plane
// that extension API servers can be put behind.
func BenchmarkBoot(b *testing.B) {
	for b.Loop() {
		cluster, err := harness.New(b.Context(), harness.Config{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := cluster.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkClose is the end of a control plane with one server installed.
func BenchmarkClose(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		cluster, err := harness.New(b.Context(), harness.Config{})
		if err != nil {
			b.Fatal(err)
		}
		gv := schema.GroupVersion{Group: "closing.example.com", Version: "v1"}
		if _, err := cluster.Install(b.Context(), harness.ServerConfig{Name: "closing", Handler: harness.Handler(resourceList(gv))}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := cluster.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInstallToServed is from Install to the first answer of the server
// through the aggregator.
func BenchmarkInstallToServed(b *testing.B) {
	cluster, err := harness.New(b.Context(), harness.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := cluster.Close(); err != nil {
			b.Error(err)
		}
	}()
	n := 0
	for b.Loop() {
		n++
		name := fmt.Sprintf("served-%d", n)
		gv := schema.GroupVersion{Group: name + ".example.com", Version: "v1"}
		server, err := cluster.Install(b.Context(), harness.ServerConfig{Name: name, Handler: harness.Handler(resourceList(gv))})
		if err != nil {
			b.Fatal(err)
		}
		service := harness.APIService{Group: gv.Group, Version: gv.Version, Server: server}
		if err := cluster.Register(b.Context(), service); err != nil {
			b.Fatal(err)
		}
		if err := cluster.WaitServes(b.Context(), gv); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := cluster.Unregister(context.Background(), service.Name()); err != nil {
			b.Fatal(err)
		}
		if err := server.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
