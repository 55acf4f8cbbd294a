// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/aggtest/aggtest/fixtures/extension"
	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/pki"
	"github.com/aggtest/aggtest/harness/timeline"
)

var tried = schema.GroupVersion{Group: "tried.example.com", Version: "v1"}

// trio is a control plane of three kube-apiservers, with an extension server
// behind it, that may be harmed. It has an authority that is both the clients'
// and the front proxy's.
type trio struct {
	*harness.Cluster
	server  *harness.Server
	service harness.APIService
}

func newTrio(t *testing.T) trio {
	t.Helper()
	cluster := harness.Start(t, harness.Config{
		APIServers: 3,
		Each:       []harness.APIServerConfig{{}, {Flags: map[string]string{"shutdown-delay-duration": "1s"}}},
		FrontProxy: harness.FrontProxyConfig{AllowedNames: []string{pki.FrontProxyUser, "another"}, SharedCA: true},
	})
	server, err := cluster.Install(t.Context(), harness.ServerConfig{
		Name: "tried", Rules: extension.RequiredRules(),
		Handler: func(ctx context.Context, env harness.Environment) (http.Handler, error) {
			return extension.Start(ctx, extension.Config{
				Name:       env.Server,
				Resources:  []extension.Resource{{Group: tried.Group, Version: tried.Version, Kind: "Thing", Name: "things"}},
				Kubeconfig: env.Kubeconfig, EtcdServers: env.EtcdServers, Log: env.Log,
			})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	service := harness.APIService{Group: tried.Group, Version: tried.Version, Server: server}
	if err := cluster.Register(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	serves(t, cluster, tried)
	c := trio{Cluster: cluster, server: server, service: service}
	// The server makes the storage of a resource at the first request for it,
	// and answers 429 until then.
	for i := range cluster.APIServers() {
		c.within(t, servesWithin, i, http.StatusOK)
	}
	return c
}

// things asks one kube-apiserver for the extension server's list and returns
// the code.
func (c trio) things(t *testing.T, ctx context.Context, apiServer int) (int, error) {
	t.Helper()
	config, err := c.RESTConfigAs(apiServer, "")
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+"/apis/"+tried.String()+"/things", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, nil
}

// answers checks that the kube-apiservers answer with the server's list.
func (c trio) answers(t *testing.T, apiServers ...int) {
	t.Helper()
	for _, i := range apiServers {
		if code, err := c.things(t, t.Context(), i); code != http.StatusOK {
			t.Errorf("kube-apiserver-%d answers %d, %v", i, code, err)
		}
	}
}

// within asks until a kube-apiserver answers with one of the codes, and returns
// how long that took.
func (c trio) within(t *testing.T, limit time.Duration, apiServer int, codes ...int) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	last := "nothing"
	for {
		code, err := c.things(t, ctx, apiServer)
		if slices.Contains(codes, code) {
			return time.Since(began)
		}
		if ctx.Err() == nil {
			last = fmt.Sprintf("%d, %v", code, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("kube-apiserver-%d answers none of %v within %s: last %s", apiServer, codes, limit, last)
		}
	}
}

// condition returns the condition Available through one kube-apiserver.
func (c trio) condition(apiServer int) string {
	if service := c.APIService(apiServer, c.service.Name()); service != nil {
		for _, condition := range service.Status.Conditions {
			return fmt.Sprintf("%s %s: %s", condition.Status, condition.Reason, condition.Message)
		}
	}
	return ""
}

func (c trio) faults(mark timeline.Mark) []string {
	var faults []string
	for _, entry := range timeline.Of[timeline.Fault](c.Timeline(), mark) {
		faults = append(faults, entry.Fact.String())
	}
	return faults
}

func wantFaults(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("the timeline has faults %q, want %q", got, want)
	}
}

// TestAPIServersGoAndComeBack is about one control plane in the end: its parts
// come after one another, and each leaves it whole but the last.
func TestAPIServersGoAndComeBack(t *testing.T) {
	c := newTrio(t)
	t.Run("calls that make no sense", c.testRefusals)
	t.Run("front proxy's flags", c.testFrontProxyFlags)
	t.Run("stop and start", c.testStop)
	t.Run("pause and resume", c.testPause)
	t.Run("restart the first", c.testRestartFirst)
	t.Run("front proxy's certificate", c.testFrontProxyCertificate)
	t.Run("close", c.testClose)
}

func (c trio) testRefusals(t *testing.T) {
	mark := c.Timeline().Mark()
	for _, test := range []struct {
		reason string
		call   func() error
		want   string
	}{
		{"there is none of that number", func() error { return c.StopAPIServer(t.Context(), 3) }, "stop kube-apiserver 3: there are 3, counted from 0"},
		{"nor one below 0", func() error { return c.StartAPIServer(t.Context(), -1) }, "start kube-apiserver -1: there are 3, counted from 0"},
		{"-1 is no shorthand for all", func() error { return c.PauseAPIServer(-1) }, "pause kube-apiserver -1: there are 3, counted from 0"},
		{"resume looks too", func() error { return c.ResumeAPIServer(3) }, "resume kube-apiserver 3: there are 3, counted from 0"},
		{"it runs", func() error { return c.StartAPIServer(t.Context(), 1) }, "start kube-apiserver-1: it runs already"},
		{"it is not paused", func() error { return c.ResumeAPIServer(1) }, "resume kube-apiserver-1: it is running, not paused"},
		{"-1 is each, 3 is none", func() error { return c.SetFrontProxyCertificate(3, "") }, "set the front-proxy certificate: kube-apiserver 3: there are 3, counted from 0"},
		{"a client has no names to be wrong", func() error { return c.SetFrontProxyCertificate(0, pki.WrongName) }, "set the front-proxy certificate: make a client certificate with fault WrongName: "},
	} {
		if err := test.call(); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.reason, err, test.want)
		}
	}
	if faults := c.faults(mark); len(faults) > 0 {
		t.Errorf("what failed is on the timeline: %q", faults)
	}
	c.answers(t, 0, 1, 2)
}

func (c trio) testFrontProxyFlags(t *testing.T) {
	client, err := kubernetes.NewForConfig(c.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	trust, err := client.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "extension-apiserver-authentication", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := trust.Data["requestheader-allowed-names"], `["front-proxy-client","another"]`; got != want {
		t.Errorf("servers are told the names %s, want %s", got, want)
	}
	if users, proxy := trust.Data["client-ca-file"], trust.Data["requestheader-client-ca-file"]; users == "" || users != proxy {
		t.Errorf("the authorities should be one:\n%s\n%s", users, proxy)
	}
}

func (c trio) testStop(t *testing.T) {
	mark := c.Timeline().Mark()
	if err := c.StopAPIServer(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	// A connection of its own: one that was open may be found broken instead.
	address := strings.TrimPrefix(c.APIServers()[1].URL, "https://")
	if _, err := net.DialTimeout("tcp", address, time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a connection to the stopped one gets %v, want a refusal", err)
	}
	if code, err := c.things(t, t.Context(), 1); err == nil {
		t.Errorf("the stopped one answers %d", code)
	}
	c.answers(t, 0, 2)
	if got := len(c.Processes()); got != 3 {
		t.Errorf("%d processes are left, want etcd and two", got)
	}
	if err := c.StopAPIServer(t.Context(), 1); err == nil || err.Error() != "stop kube-apiserver-1: it is stopped already" {
		t.Errorf("stopped twice: %v", err)
	}
	if err := c.RestartAPIServer(t.Context(), 1); err == nil || err.Error() != "restart: stop kube-apiserver-1: it is stopped already" {
		t.Errorf("restart of a stopped one: %v", err)
	}

	// What happens meanwhile is seen by the others, and by this one later.
	if err := c.server.SetReady(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	available(t, c.Cluster, c.service.Name(), "False", "MissingEndpoints", "")
	if got := c.condition(1); !strings.HasPrefix(got, "True Passed") {
		t.Errorf("the stopped one's last word is %q", got)
	}
	began := time.Now()
	if err := c.StartAPIServer(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %s", time.Since(began).Round(time.Millisecond))
	if got := c.condition(1); !strings.HasPrefix(got, "False MissingEndpoints") {
		t.Errorf("after its return the watch shows %q", got)
	}
	seen := false
	for _, entry := range timeline.Of[timeline.ConditionChange](c.Timeline(), mark) {
		seen = seen || entry.Fact.APIServer == "kube-apiserver-1" && entry.Fact.Reason == "MissingEndpoints"
	}
	if !seen {
		t.Error("what it sees after its return is not on the timeline")
	}
	if err := c.server.SetReady(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	serves(t, c.Cluster, tried)
	wantFaults(t, c.faults(mark), "kube-apiserver-1: stopped", "kube-apiserver-1: stopped is over")
	var said []string
	for _, entry := range timeline.Of[timeline.Process](c.Timeline(), mark) {
		said = append(said, entry.Fact.String())
	}
	if want := []string{"kube-apiserver-1 stopped", "kube-apiserver-1 started", "kube-apiserver-1 ready"}; !slices.Equal(said, want) {
		t.Errorf("the timeline has %q, want %q", said, want)
	}
}

func (c trio) testPause(t *testing.T) {
	mark := c.Timeline().Mark()
	if err := c.PauseAPIServer(2); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if code, err := c.things(t, ctx, 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the paused one answers %d, %v", code, err)
	}
	c.answers(t, 0, 1)
	if err := c.StartAPIServer(t.Context(), 2); err == nil || err.Error() != "start kube-apiserver-2: it is paused: resume it instead" {
		t.Errorf("started while paused: %v", err)
	}
	if err := c.ResumeAPIServer(2); err != nil {
		t.Fatal(err)
	}
	c.answers(t, 2)
	wantFaults(t, c.faults(mark), "kube-apiserver-2: paused", "kube-apiserver-2: paused is over")
}

// testRestartFirst restarts the one that everything of the harness goes
// through: it must go on without being told.
func (c trio) testRestartFirst(t *testing.T) {
	mark := c.Timeline().Mark()
	if err := c.RestartAPIServer(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	serves(t, c.Cluster, tried)
	wantFaults(t, c.faults(mark), "kube-apiserver-0: stopped", "kube-apiserver-0: stopped is over")
	// The virtual network follows the cluster's Services by it, and the new
	// server's identity goes there.
	began := time.Now()
	install(t, c.Cluster, "later", 1)
	// It takes some hundred milliseconds, and a watch that had backed off many
	// seconds.
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a new server took %s to serve", took)
	}

	// One that hangs can be restarted.
	mark = c.Timeline().Mark()
	if err := errors.Join(c.PauseAPIServer(1), c.RestartAPIServer(t.Context(), 1)); err != nil {
		t.Fatal(err)
	}
	serves(t, c.Cluster, tried)
	wantFaults(t, c.faults(mark), "kube-apiserver-1: paused", "kube-apiserver-1: paused is over",
		"kube-apiserver-1: stopped", "kube-apiserver-1: stopped is over")
}

func (c trio) testFrontProxyCertificate(t *testing.T) {
	// kube-apiserver looks once a minute when its watch of the file fails.
	const reload = 70 * time.Second
	name := c.service.Name()
	mark := c.Timeline().Mark()
	for _, fault := range []pki.Fault{pki.Expired, pki.WrongAuthority} {
		if err := c.SetFrontProxyCertificate(-1, fault); err != nil {
			t.Fatal(err)
		}
		for i := range c.APIServers() {
			// The server's 401, or kube-apiserver's own 503 when a probe came first.
			took := c.within(t, reload, i, http.StatusUnauthorized, http.StatusServiceUnavailable)
			t.Logf("%s: kube-apiserver-%d does not serve after %s", fault, i, took.Round(time.Millisecond))
		}
		if err := c.TouchAPIService(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		available(t, c.Cluster, name, "False", "FailedDiscoveryCheck", ": 401")
		if err := c.SetFrontProxyCertificate(-1, ""); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		c.untilAvailable(t, reload)
		serves(t, c.Cluster, tried)
		t.Logf("%s: mended after %s", fault, time.Since(began).Round(time.Millisecond))
	}
	refused := false
	for _, entry := range timeline.Of[timeline.Request](c.Timeline(), mark) {
		refused = refused || entry.Fact.Server == "tried/0" && entry.Fact.Code == http.StatusUnauthorized && entry.Fact.User == "system:kube-aggregator"
	}
	if !refused {
		t.Error("no probe that the extension server answered with 401 is on the timeline")
	}
	var want []string
	for _, fault := range []string{"Expired", "WrongAuthority"} {
		for _, over := range []string{"", " is over"} {
			for i := range 3 {
				want = append(want, fmt.Sprintf("kube-apiserver-%d: front-proxy certificate %s%s", i, fault, over))
			}
		}
	}
	wantFaults(t, c.faults(mark), want...)

	// Without a fault before it, a new one is no fault's end.
	mark = c.Timeline().Mark()
	if err := c.SetFrontProxyCertificate(1, ""); err != nil {
		t.Fatal(err)
	}
	wantFaults(t, c.faults(mark))
	actions := timeline.Of[timeline.Action](c.Timeline(), mark)
	if len(actions) != 1 || actions[0].Fact.What != "give kube-apiserver-1 a new front-proxy certificate" {
		t.Errorf("the timeline has actions %v", actions)
	}
}

// untilAvailable touches the APIService until it is Available again: what is
// touched before the new certificate was loaded is seen too early.
func (c trio) untilAvailable(t *testing.T, limit time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !strings.HasPrefix(c.condition(0), "True") {
		if err := c.TouchAPIService(ctx, c.service.Name()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not Available within %s: %s", limit, c.condition(0))
		}
	}
}

// testClose closes the cluster while the first kube-apiserver, which all
// deletions go through, is paused, and another stopped.
func (c trio) testClose(t *testing.T) {
	processes := c.Processes()
	if err := errors.Join(c.StopAPIServer(t.Context(), 1), c.PauseAPIServer(0)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	// It takes a tenth of a second; the bound is far from the 10 s that it gives
	// the deletion of objects.
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the end took %s", took)
	}
	if _, err := os.Stat(c.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", c.Dir(), err)
	}
	if len(processes) != 4 {
		t.Errorf("there were %d processes, want 4", len(processes))
	}
	for _, process := range processes {
		if err := syscall.Kill(process.PID, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s, process %d, is still there: %v", process.Name, process.PID, err)
		}
	}
}
