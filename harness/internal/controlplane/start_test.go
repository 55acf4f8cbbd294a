// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

// ask sends a request as the administrator and returns the code and the body.
func ask(t *testing.T, c *ControlPlane, server *Process, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.prober.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

func TestStart(t *testing.T) {
	c := shared.get(t)
	server := c.APIServers()[0]
	if server.Name() != "kube-apiserver-0" {
		t.Errorf("the name is %q", server.Name())
	}
	if code, body := ask(t, c, server, http.MethodGet, "/version", ""); code != http.StatusOK || !strings.Contains(body, "gitVersion") {
		t.Errorf("/version: %d %s", code, body)
	}
	if err := c.WaitSettled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code, body := ask(t, c, server, http.MethodGet, "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:auth-delegator", ""); code != http.StatusOK {
		t.Errorf("settled, and a default role is missing: %d %s", code, body)
	}
	response, err := http.Get(c.Etcd().URL() + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		t.Errorf("etcd's health is %d", response.StatusCode)
	}
	if lines := server.Tail(5); len(lines) != 5 {
		t.Errorf("the last 5 lines of the log are %q", lines)
	}
	var got []string
	for _, entry := range timeline.Of[timeline.Process](shared.cfg.Timeline, 0) {
		got = append(got, entry.Fact.String())
	}
	for _, want := range []string{"etcd started", "etcd ready", "kube-apiserver-0 started", "kube-apiserver-0 ready"} {
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("the timeline has no %q: %q", want, got)
		}
	}
}

func TestFlagsArrive(t *testing.T) {
	c := shared.get(t)
	line := commandLine(c.APIServers()[0].PID()) + " "
	for _, want := range []string{
		"--max-requests-inflight=411 ",
		"--service-cluster-ip-range=10.7.0.0/16 ",
		"--requestheader-allowed-names=front-proxy-client ",
		"--requestheader-uid-headers=X-Remote-Uid ",
		"--authorization-mode=RBAC ",
		"--etcd-servers=unix://" + c.Dir() + "/etcd.sock ",
	} {
		if !strings.Contains(line, want) {
			t.Errorf("no %q in %s", want, line)
		}
	}
	for _, without := range []string{"--allow-privileged", "--egress-selector-config-file", "10.0.0.0/16"} {
		if strings.Contains(line, without) {
			t.Errorf("%q is in %s", without, line)
		}
	}
	if line := commandLine(c.Etcd().PID()); !strings.Contains(line, "--unsafe-no-fsync=true") {
		t.Errorf("etcd syncs: %s", line)
	}
	_, body := ask(t, c, c.APIServers()[0], http.MethodGet, "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication", "")
	for _, want := range []string{"requestheader-uid-headers", "X-Remote-Uid", "requestheader-client-ca-file", `[\"front-proxy-client\"]`} {
		if !strings.Contains(body, want) {
			t.Errorf("extension servers are not told %q: %s", want, body)
		}
	}
}

func TestStartTellsWhyAChildCrashed(t *testing.T) {
	crashing := filepath.Join(t.TempDir(), "etcd")
	text := "#!/bin/sh\necho '{\"level\":\"fatal\",\"msg\":\"cannot open the database\",\"error\":\"no space left\"}' >&2\nexit 1\n"
	if err := os.WriteFile(crashing, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*Config)
		who    string
		want   string
		reason string
	}{
		{"bad flag", func(c *Config) { c.APIServers = []APIServer{{Flags: map[string]string{"no-such-flag": "1"}}} },
			"kube-apiserver-0", "Error: unknown flag: --no-such-flag", "kube-apiserver's own words"},
		{"bad value", func(c *Config) {
			c.APIServers = []APIServer{{}, {Flags: map[string]string{"authorization-mode": "Nope"}}}
		},
			"kube-apiserver-1", "is not a valid mode", "the right one of two is named"},
		{"bad egress file", func(c *Config) { c.APIServers = []APIServer{{EgressSelectorConfig: []byte("kind: Nope")}} },
			"kube-apiserver-0", "egress", "a file of ours"},
		{"etcd", func(c *Config) { c.Etcd = crashing },
			"etcd", "cannot open the database: no space left", "kube-apiserver would wait for it for 20 s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := realConfig(t)
			test.change(&cfg)
			began := time.Now()
			c, err := Start(t.Context(), cfg)
			if err == nil {
				_ = c.Stop()
				t.Fatal("it started")
			}
			// Well under any time-out; without load it takes a second.
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("it took %s to tell", took)
			}
			var crash *CrashError
			if !errors.As(err, &crash) || crash.Process != test.who || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("want %s to say %q (%s), got: %v", test.who, test.want, test.reason, err)
			}
			if _, err := os.Stat(crash.Log); err != nil {
				t.Errorf("the log that the error names: %v", err)
			}
			dir := filepath.Dir(filepath.Dir(crash.Log))
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("more than the logs is left in %s: %v", dir, entries)
			}
			assertStopped(t, cfg.Timeline)
			forget(t, dir)
		})
	}
}

// forget does what the first sweep after this process's end would do.
func forget(t *testing.T, dir string) {
	t.Helper()
	found := false
	for _, path := range recordFiles(t) {
		if record := readRecord(t, path); len(record.Paths) == 1 && record.Paths[0] == dir && len(record.Children) == 0 {
			found = true
			if err := os.Remove(path); err != nil {
				t.Error(err)
			}
		}
	}
	if !found {
		t.Errorf("no record names %s: nobody would ever remove it", dir)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// assertStopped checks that no child that the timeline knows of still runs.
func assertStopped(t *testing.T, tl *timeline.Timeline) {
	t.Helper()
	started := 0
	for _, entry := range timeline.Of[timeline.Process](tl, 0) {
		if entry.Fact.What == "started" {
			started++
			if running(entry.Fact.PID) {
				t.Errorf("%s, process %d, still runs", entry.Fact.Name, entry.Fact.PID)
			}
		}
	}
	if started == 0 {
		t.Error("no child was started, so that nothing was shown")
	}
}

func TestStartTakesOtherPortsWhenOneIsTaken(t *testing.T) {
	// It answers as a healthy etcd would: a foreign one must not pass for ours.
	foreign := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer foreign.Close()
	port := foreign.Listener.Addr().(*net.TCPAddr).Port

	t.Run("then free", func(t *testing.T) {
		cfg := realConfig(t)
		tries := 0
		cfg.ports = func(n int) ([]int, error) {
			tries++
			ports, err := freePorts(n)
			if tries < n+1 {
				ports[tries-1] = port // etcd's, then kube-apiserver's
			}
			return ports, err
		}
		c := start(t, cfg)
		if tries != 3 {
			t.Errorf("%d tries, want 3", tries)
		}
		if url := c.APIServers()[0].URL(); strings.HasSuffix(url, fmt.Sprint(port)) {
			t.Errorf("it claims to listen on the taken port: %s", url)
		}
	})
	t.Run("always", func(t *testing.T) {
		cfg := realConfig(t)
		tries := 0
		cfg.ports = func(int) ([]int, error) {
			tries++
			return []int{port, port}, nil
		}
		_, err := Start(t.Context(), cfg)
		var crash *CrashError
		if !errors.As(err, &crash) || !strings.Contains(err.Error(), "address already in use") {
			t.Fatalf("got %v", err)
		}
		if tries != portTries {
			t.Errorf("%d tries, want %d", tries, portTries)
		}
		forget(t, filepath.Dir(filepath.Dir(crash.Log)))
	})
}

func TestStartEndsWithItsContext(t *testing.T) {
	enough := errors.New("enough")
	for _, when := range []string{"etcd started", "kube-apiserver-0 started", "etcd ready"} {
		t.Run(when, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			cfg := realConfig(t)
			cfg.Dir = filepath.Join(t.TempDir(), "d")
			stop := cfg.Timeline.Listen(func(entry timeline.Entry) {
				if entry.Fact.String() == when {
					cancel(enough)
				}
			})
			defer stop()
			c, err := Start(ctx, cfg)
			if err == nil {
				_ = c.Stop()
				t.Fatal("it started")
			}
			if !errors.Is(err, enough) {
				t.Errorf("the cause is not in %v", err)
			}
			assertStopped(t, cfg.Timeline)
			if _, err := os.Stat(cfg.Dir); err == nil {
				t.Error("the folder is still there")
			}
		})
	}
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(enough)
		if _, err := Start(ctx, realConfig(t)); !errors.Is(err, enough) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("limit", func(t *testing.T) {
		cfg := realConfig(t)
		cfg.StartLimit = 300 * time.Millisecond // too short for any kube-apiserver
		_, err := Start(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), "not ready within 300ms; ") || !strings.Contains(err.Error(), " was last seen so: ") {
			t.Errorf("got %v", err)
		}
		assertStopped(t, cfg.Timeline)
	})
}

// TestTwoAPIServersAndStop has two kube-apiservers on one etcd, with open
// watches, loses one, and stops.
func TestTwoAPIServersAndStop(t *testing.T) {
	cfg := realConfig(t)
	cfg.APIServers = []APIServer{{Name: "left"}, {Name: "right"}}
	c := start(t, cfg)
	left, right := c.APIServers()[0], c.APIServers()[1]
	if code, body := ask(t, c, left, http.MethodPost, "/api/v1/namespaces",
		`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"through-left"}}`); code != http.StatusCreated {
		t.Fatalf("create: %d %s", code, body)
	}
	if code, body := ask(t, c, right, http.MethodGet, "/api/v1/namespaces/through-left", ""); code != http.StatusOK {
		t.Errorf("what one has written the other does not see: %d %s", code, body)
	}
	for range 5 {
		response, err := c.prober.client.Transport.(*http.Transport).RoundTrip(watchRequest(t, left))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		first := make([]byte, 1)
		if _, err := response.Body.Read(first); err != nil {
			t.Fatalf("the watch is not open: %v", err)
		}
	}

	if err := right.id.kill(); err != nil {
		t.Fatal(err)
	}
	<-right.Exited()
	var crash *CrashError
	if err := c.WaitSettled(t.Context()); !errors.As(err, &crash) || crash.Process != "right" {
		t.Errorf("one of two has gone: %v", err)
	}

	began := time.Now()
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	// It takes 0.05 s; the bound is for a machine under load, and far from the
	// 60 s that a polite stop waits for watches.
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the stop took %s", took)
	}
	if err := c.Stop(); err != nil {
		t.Errorf("a second stop: %v", err)
	}
	assertStopped(t, cfg.Timeline)
	if _, err := os.Stat(c.Dir()); err == nil {
		t.Errorf("%s is still there", c.Dir())
	}
	said := map[string]string{}
	for _, entry := range timeline.Of[timeline.Process](cfg.Timeline, 0) {
		said[entry.Fact.Name] = entry.Fact.What
	}
	if said["etcd"] != "stopped" || said["left"] != "stopped" || !strings.HasPrefix(said["right"], "exited") {
		t.Errorf("the last words on the timeline are %q", said)
	}
}

func watchRequest(t *testing.T, server *Process) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL()+"/api/v1/namespaces?watch=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func TestSweepAfterAKilledControlPlane(t *testing.T) {
	cfg := realConfig(t)
	cfg.Timeline = nil
	input, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	run, kill, reap := startOwner(t, "controlplane", strings.NewReader(string(input)))
	if len(run.PIDs) != 2 {
		t.Fatalf("the owner has %d children, want 2", len(run.PIDs))
	}
	kill()
	reap()
	for _, pid := range run.PIDs {
		if !running(pid) {
			t.Errorf("process %d went with its owner, so that nothing is left to sweep", pid)
		}
	}
	swept, err := Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if swept.Runs != 1 || len(swept.Processes) != 2 || len(swept.Paths) != 1 {
		t.Errorf("swept %+v", swept)
	}
	for _, pid := range run.PIDs {
		if running(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
	if _, err := os.Stat(run.Paths[0]); err == nil {
		t.Errorf("%s is still there", run.Paths[0])
	}
}
