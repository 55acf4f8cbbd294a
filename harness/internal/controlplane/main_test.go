// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/aggtest/aggtest/harness/internal/binaries"
	"github.com/aggtest/aggtest/harness/timeline"
)

// deadProxy is in the environment of all tests, and must reach no child.
const deadProxy = "http://127.0.0.1:1/dead-proxy"

func TestMain(m *testing.M) {
	if role := os.Getenv(ownerVariable); role != "" {
		beOwner(role)
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	// A folder of temporary files of its own keeps the records of these tests
	// apart from the user's, and shows what they leave behind.
	temp, err := os.MkdirTemp("", "cp")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(temp) }()
	for name, value := range map[string]string{"TMPDIR": temp, "HTTP_PROXY": deadProxy, "https_proxy": deadProxy} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if code != 0 {
		return code
	}
	// When a child exits just after it was seen healthy, envtest has nobody left
	// to tell, and its poller waits for ever in a send on an unbuffered channel
	// (sigs.k8s.io/controller-runtime@v0.25.2/pkg/internal/testing/process/process.go:243).
	poller := goleak.IgnoreTopFunction("sigs.k8s.io/controller-runtime/pkg/internal/testing/process.pollURLUntilOK")
	if err := goleak.Find(poller); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if left := leftovers(temp); len(left) > 0 {
		fmt.Fprintf(os.Stderr, "the tests left behind: %s\n", strings.Join(left, ", "))
		return 1
	}
	return 0
}

// leftovers lists what stands in the folder of temporary files beside the lock.
func leftovers(temp string) []string {
	var left []string
	_ = filepath.WalkDir(temp, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() != "lock" {
			left = append(left, path)
		}
		return nil
	})
	dirs, _ := filepath.Glob(filepath.Join(temp, "aggtest-*"))
	for _, dir := range dirs {
		if !strings.HasSuffix(dir, fmt.Sprintf("aggtest-%d", os.Getuid())) {
			left = append(left, dir)
		}
	}
	return left
}

// realConfig is a config with the real binaries.
func realConfig(t testing.TB) Config {
	t.Helper()
	found, err := binaries.Find(t.Context(), binaries.Config{}, binaries.Etcd, binaries.KubeAPIServer)
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Etcd:          found[binaries.Etcd].Path,
		KubeAPIServer: found[binaries.KubeAPIServer].Path,
		PKI:           testPKI(t),
		Timeline:      &timeline.Timeline{},
	}
}

// start starts a control plane of the test's own.
func start(t *testing.T, cfg Config) *ControlPlane {
	t.Helper()
	c, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// shared is the control plane of all tests that do it no harm.
var shared sharedControlPlane

type sharedControlPlane struct {
	once     sync.Once
	cfg      Config
	cp       *ControlPlane
	startErr error
}

// oddValue is hard to get through a shell.
const oddValue = "it's \"odd\" $HOME `id` \\ !\n\ttwo lines *"

func (s *sharedControlPlane) get(t *testing.T) *ControlPlane {
	t.Helper()
	s.once.Do(func() {
		s.cfg = realConfig(t)
		s.cfg.APIServers = []APIServer{{
			Flags:   map[string]string{"max-requests-inflight": "411", "service-cluster-ip-range": "10.7.0.0/16"},
			Without: []string{"allow-privileged"},
			Env:     map[string]string{"AGGTEST_ODD": oddValue},
		}}
		// The tests' contexts end with the first test.
		s.cp, s.startErr = Start(context.WithoutCancel(t.Context()), s.cfg)
	})
	if s.startErr != nil {
		t.Fatal(s.startErr)
	}
	return s.cp
}

func (s *sharedControlPlane) stop() error {
	if s.cp == nil {
		return nil
	}
	return s.cp.Stop()
}
