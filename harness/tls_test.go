// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/pki"
	"github.com/aggtest/aggtest/harness/timeline"
)

// TestTLS shows each way to terminate TLS to a real aggregator.
func TestTLS(t *testing.T) {
	cluster := cluster(t)
	server, service := install(t, cluster, "terminating", 1)
	for _, test := range []struct {
		name   string
		tls    harness.TLS
		says   string // in the condition; empty when the aggregator is content
		proto  string // of its requests then
		shows  string // the certificate that it shows then
		reason string
	}{
		{"max 1.1", harness.TLS{MaxVersion: tls.VersionTLS11}, "remote error: tls: protocol version not supported", "", "",
			"the aggregator has 1.2 and later"},
		{"1.2 alone", harness.TLS{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}, "", "HTTP/2.0", pki.FrontProxyUser,
			"the aggregator has it"},
		{"1.3 alone", harness.TLS{MinVersion: tls.VersionTLS13}, "", "HTTP/2.0", pki.FrontProxyUser,
			"the aggregator has it"},
		{"good suite", harness.TLS{CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, "", "HTTP/2.0", pki.FrontProxyUser,
			"HTTP/2 must have it"},
		{"suites for RSA", harness.TLS{CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}, "remote error: tls: handshake failure", "", "",
			"the key is ECDSA"},
		{"suites that Go has given up", harness.TLS{CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256}}, "remote error: tls: handshake failure", "", "",
			"no client in Go offers them by itself"},
		{"suites that HTTP/2 forbids", harness.TLS{CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, "failing or missing response from https://", "", "",
			"the handshake is good and HTTP/2 in it is not; how the aggregator learns of the end is a race of a GOAWAY with the end"},
		{"the same with HTTP/1.1", harness.TLS{CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}, NextProtos: []string{"http/1.1"}}, "", "HTTP/1.1", pki.FrontProxyUser,
			"HTTP/1.1 does not mind"},
		{"certificate required", harness.TLS{ClientCertificate: harness.ClientCertificateRequired}, "", "HTTP/2.0", pki.FrontProxyUser,
			"the aggregator has one"},
		{"certificate not requested", harness.TLS{ClientCertificate: harness.ClientCertificateNotRequested}, "", "HTTP/2.0", "",
			"it is shown to who asks"},
		{"HTTP/1.1 alone", harness.TLS{NextProtos: []string{"http/1.1"}}, "", "HTTP/1.1", pki.FrontProxyUser,
			"the aggregator takes what there is"},
		{"no ALPN", harness.TLS{NextProtos: []string{}}, "", "HTTP/1.1", pki.FrontProxyUser,
			"HTTP/2 is spoken by ALPN alone"},
		{"another protocol", harness.TLS{NextProtos: []string{"spdy/3"}}, "remote error: tls: no application protocol", "", "",
			"the two have none in common"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Log(test.reason)
			mark := cluster.Timeline().Mark()
			if err := server.SetTLS(test.tls); err != nil {
				t.Fatal(err)
			}
			server.Cut(-1)
			if test.says == "" {
				serves(t, cluster, groupVersion(service))
				requests := timeline.Of[timeline.Request](cluster.Timeline(), mark)
				last := requests[len(requests)-1].Fact
				if last.Proto != test.proto || last.ClientCertificate != test.shows {
					t.Errorf("the last request was by %s with the certificate %q, want %s and %q", last.Proto, last.ClientCertificate, test.proto, test.shows)
				}
			} else {
				touch(t, server)
				available(t, cluster, service.Name(), "False", "FailedDiscoveryCheck", test.says)
			}
			if err := server.SetTLS(harness.TLS{}); err != nil {
				t.Fatal(err)
			}
			server.Cut(-1)
			touch(t, server)
			available(t, cluster, service.Name(), "True", "Passed", "")
			serves(t, cluster, groupVersion(service))
			var facts []string
			for _, fault := range timeline.Of[timeline.Fault](cluster.Timeline(), mark) {
				if fault.Fact.On == server.Name() {
					facts = append(facts, fault.Fact.String())
				}
			}
			what := "terminating: " + test.tls.String()
			if want := []string{what, what + " is over"}; !slices.Equal(facts, want) {
				t.Errorf("the timeline has %q, want %q", facts, want)
			}
		})
	}
}

func TestTLSOfTheConfig(t *testing.T) {
	cluster := cluster(t)
	mark := cluster.Timeline().Mark()
	server, err := cluster.Install(t.Context(), harness.ServerConfig{
		// In TLS 1.3 the refusal races with the request.
		Name: "requiring", TLS: harness.TLS{ClientCertificate: harness.ClientCertificateRequired, MaxVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
		Handler: harness.Handler(http.NotFoundHandler()),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer closeServer(t, server)
	for _, test := range []struct {
		who  harness.DirectIdentity
		says string
	}{
		{harness.DirectIdentity{}, "remote error: tls: handshake failure"},
		{harness.DirectIdentity{Certificate: harness.DirectForged}, ""},
	} {
		client, base, err := server.Client(0, test.who)
		if err != nil {
			t.Fatal(err)
		}
		code, body := ask(t, client, base, nil)
		if good := code == http.StatusNotFound; good != (test.says == "") || !strings.Contains(body, test.says) {
			t.Errorf("%q gets %d %s, want %q", test.who.Certificate, code, body, test.says)
		}
	}
	faults := timeline.Of[timeline.Fault](cluster.Timeline(), mark)
	if want := "requiring: TLS with client certificate Required, at most TLS 1.2, ALPN http/1.1"; len(faults) == 0 || faults[0].Fact.String() != want {
		t.Errorf("the timeline has %v, want %q first", faults, want)
	}
	for _, test := range []struct {
		tls    harness.TLS
		says   string
		reason string
	}{
		{harness.TLS{ClientCertificate: "Wanted"}, `client certificate "Wanted": must be Requested, NotRequested or Required`, "the set is closed"},
		{harness.TLS{MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS12}, "min version TLS 1.3 is above max version TLS 1.2", "there is nothing between"},
		{harness.TLS{MaxVersion: 0x0300}, "max version 0x0300: must be one of TLS 1.0 to 1.3", "crypto/tls has no SSL"},
		{harness.TLS{MinVersion: tls.VersionTLS13, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, "cipher suites cannot be chosen in TLS 1.3", "the list would do nothing"},
		{harness.TLS{MaxVersion: tls.VersionTLS13, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, "cipher suites cannot be chosen in TLS 1.3", "the list would do nothing for most clients"},
		{harness.TLS{CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256}}, "cipher suite 0x1301: crypto/tls has none of that number for TLS 1.2", "it is one of TLS 1.3"},
		{harness.TLS{CipherSuites: []uint16{1}}, "cipher suite 0x0001", "there is none"},
		{harness.TLS{NextProtos: []string{""}}, "a name must not be empty", "ALPN has no empty names"},
	} {
		if err := server.SetTLS(test.tls); err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), `set the TLS of server "requiring"`) {
			t.Errorf("%+v: got %v, want %q: %s", test.tls, err, test.says, test.reason)
		}
	}
	_, err = cluster.Install(t.Context(), harness.ServerConfig{
		Name: "mistaken", TLS: harness.TLS{ClientCertificate: "Wanted"}, Handler: harness.Handler(http.NotFoundHandler()),
	})
	if err == nil || !strings.Contains(err.Error(), `TLS: client certificate "Wanted"`) {
		t.Errorf("a server with a bad TLS was installed: %v", err)
	}
}
