// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"k8s.io/klog/v2"

	"github.com/aggtest/aggtest/harness"
)

// servesWithin is far more than the tens of milliseconds that an APIService
// takes to serve, so that only a real failure runs into it.
const servesWithin = 30 * time.Second

// shared is the one control plane of the tests of this package that do not need
// one of their own. It boots for the first test that asks for it.
var shared struct {
	once    sync.Once
	cluster *harness.Cluster
	err     error
}

func TestMain(m *testing.M) {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	code := m.Run()
	if shared.cluster != nil {
		if err := shared.cluster.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if err := goleak.Find(leaksOfOthers...); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// leaksOfOthers are goroutines that are not ours to end.
var leaksOfOthers = []goleak.Option{
	// klog flushes for as long as the process lives.
	goleak.IgnoreTopFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"),
}

func cluster(t *testing.T) *harness.Cluster {
	t.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = harness.New(context.Background(), harness.Config{}) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster
}
