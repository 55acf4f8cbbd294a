// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/aggtest/aggtest/fixtures/extension"
	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/pki"
	"github.com/aggtest/aggtest/harness/timeline"
)

func closeServer(t *testing.T, server *harness.Server) {
	t.Helper()
	if err := server.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestWhoComesByHimself asks an honest server past the aggregator, with the
// header by which the aggregator says for whom it speaks.
func TestWhoComesByHimself(t *testing.T) {
	cluster := cluster(t)
	resource := extension.Resource{Group: "direct.example.com", Version: "v1", Kind: "Direct", Name: "directs"}
	server, err := cluster.Install(t.Context(), harness.ServerConfig{
		Name: "direct", Namespace: "direct-system", Replicas: 1, Rules: extension.RequiredRules(),
		Handler: func(ctx context.Context, env harness.Environment) (http.Handler, error) {
			return extension.Start(ctx, extension.Config{
				Name: env.Server, Resources: []extension.Resource{resource}, Kubeconfig: env.Kubeconfig, EtcdServers: env.EtcdServers, Log: env.Log,
			})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer closeServer(t, server)
	const path = "/apis/direct.example.com/v1/directs"
	// What is to be asked for is there a little later than the server is.
	admin, base, err := server.Client(0, harness.DirectIdentity{Certificate: harness.DirectUser, User: "root", Groups: []string{"system:masters"}})
	if err != nil {
		t.Fatal(err)
	}
	for code, body := ask(t, admin, base+path, nil); code != http.StatusOK; code, body = ask(t, admin, base+path, nil) {
		if code != http.StatusTooManyRequests {
			t.Fatalf("the server answers %d %s", code, body)
		}
	}
	spoofed := http.Header{"X-Remote-User": {"mallory"}, "X-Remote-Group": {"system:masters"}}
	for _, test := range []struct {
		name        string
		who         harness.DirectIdentity
		header      http.Header
		code        int
		says        string
		certificate string
		reason      string
	}{
		{"nobody", harness.DirectIdentity{}, nil, http.StatusForbidden, `User \"system:anonymous\"`, "",
			"without a proof one is anonymous"},
		{"spoofed without a certificate", harness.DirectIdentity{}, spoofed, http.StatusForbidden, `User \"system:anonymous\"`, "",
			"a header is no proof"},
		{"spoofed with the front proxy's", harness.DirectIdentity{Certificate: harness.DirectFrontProxy}, spoofed, http.StatusOK, "DirectList", pki.FrontProxyUser,
			"who has that certificate may speak for everybody"},
		{"spoofed with a name that is not allowed", harness.DirectIdentity{Certificate: harness.DirectNotAllowed}, spoofed, http.StatusUnauthorized, "Unauthorized", "not-allowed-client",
			"the authority signs for others than the front proxy"},
		{"spoofed with a forged one", harness.DirectIdentity{Certificate: harness.DirectForged}, spoofed, http.StatusUnauthorized, "Unauthorized", pki.FrontProxyUser,
			"a name is no proof"},
		{"spoofed by a user", harness.DirectIdentity{Certificate: harness.DirectUser, User: "alice", Groups: []string{"dev"}}, spoofed, http.StatusForbidden, `User \"alice\"`, "alice",
			"the certificate says who it is"},
		{"a user who may", harness.DirectIdentity{Certificate: harness.DirectUser, User: "root", Groups: []string{"system:masters"}}, nil, http.StatusOK, "DirectList", "root",
			"the certificate's groups count"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mark := cluster.Timeline().Mark()
			client, base, err := server.Client(0, test.who)
			if err != nil {
				t.Fatal(err)
			}
			code, body := ask(t, client, base+path, test.header)
			if code != test.code || !strings.Contains(body, test.says) {
				t.Errorf("the answer is %d %s, want %d and %q: %s", code, body, test.code, test.says, test.reason)
			}
			requests := timeline.Of[timeline.Request](cluster.Timeline(), mark)
			if len(requests) != 1 {
				t.Fatalf("%d requests are on the timeline, want 1", len(requests))
			}
			got := requests[0].Fact
			if got.ClientCertificate != test.certificate || got.User != test.header.Get("X-Remote-User") || got.Proto != "HTTP/2.0" || got.Server != "direct/0" {
				t.Errorf("the timeline has %+v, want certificate %q and user %q", got, test.certificate, test.header.Get("X-Remote-User"))
			}
		})
	}
}

func TestClient(t *testing.T) {
	cluster := cluster(t)
	server, _ := install(t, cluster, "visited", 2)
	mark := cluster.Timeline().Mark()
	alice := harness.DirectIdentity{Certificate: harness.DirectUser, User: "alice"}
	for replica, want := range map[int]string{-1: "visited/", 0: "visited/0", 1: "visited/1"} {
		client, base, err := server.Client(replica, alice)
		if err != nil {
			t.Fatal(err)
		}
		if code, body := ask(t, client, base+"/somewhere", nil); code != http.StatusOK {
			t.Errorf("replica %d answers %d %s", replica, code, body)
		}
		found := false
		for _, dial := range timeline.Of[timeline.Dial](cluster.Timeline(), mark) {
			found = found || dial.Fact.From == harness.Scenario && strings.HasPrefix(dial.Fact.To, want)
		}
		if !found {
			t.Errorf("no dial of %s reached %s", harness.Scenario, want)
		}
	}
	first, _, err := server.Client(0, alice)
	if err != nil {
		t.Fatal(err)
	}
	if again, _, err := server.Client(0, alice); err != nil || again != first {
		t.Errorf("the same arguments give another client, err %v", err)
	}
	if other, _, err := server.Client(0, harness.DirectIdentity{Certificate: harness.DirectUser, User: "alice", Groups: []string{"dev"}}); err != nil || other == first {
		t.Errorf("other groups give the same client, err %v", err)
	}
	// A client trusts what was the server's authority when it was asked for.
	if err := server.Rotate(true); err != nil {
		t.Fatal(err)
	}
	server.Cut(-1)
	if code, body := ask(t, first, "https://visited", nil); !strings.Contains(body, pki.WrongAuthority.Says()) {
		t.Errorf("the client from before the rotation gets %d %s, want %q", code, body, pki.WrongAuthority.Says())
	}
	present, base, err := server.Client(0, alice)
	if err != nil {
		t.Fatal(err)
	}
	if code, body := ask(t, present, base, nil); code != http.StatusOK {
		t.Errorf("the client from after the rotation gets %d %s", code, body)
	}

	for _, test := range []struct {
		replica int
		who     harness.DirectIdentity
		says    string
	}{
		{2, harness.DirectIdentity{}, `server "visited" has no replica 2`},
		{0, harness.DirectIdentity{Certificate: "Frontproxy"}, `unknown certificate "Frontproxy"; known are "" (none), FrontProxy, NotAllowed, Forged and User`},
		{0, harness.DirectIdentity{Certificate: harness.DirectUser}, "the user has no name"},
		{0, harness.DirectIdentity{User: "alice"}, `certificate "" is for nobody's user and groups`},
	} {
		if _, _, err := server.Client(test.replica, test.who); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("a client of replica %d as %+v: got %v, want %q", test.replica, test.who, err, test.says)
		}
	}
}
