// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aggtest/aggtest/harness/timeline"
)

func aggregated() *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/apis/a.example.com/v1/as?limit=5&watch=%31", http.NoBody)
	request.Header = http.Header{
		"X-Remote-User":           {"alice"},
		"X-Remote-Group":          {"dev", "system:authenticated"},
		"X-Remote-Extra-Scopes":   {"a", "b"},
		"X-Forwarded-For":         {"127.0.0.1"},
		"Audit-Id":                {"an-id"},
		"Authorization":           {"Bearer a-token"},
		"Accept":                  {"application/json"},
		"Accept-Encoding":         {"gzip"},
		"User-Agent":              {"a test"},
		"X-Kubernetes-Pf-Flowuid": {"f"},
	}
	request.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Subject: pkix.Name{CommonName: "front-proxy-client"}}}}
	return request
}

func TestReceived(t *testing.T) {
	request := aggregated()
	got := received(request)
	// Authenticators take away what they have read.
	request.Header.Del("X-Remote-User")
	request.Header["X-Remote-Group"][0] = "changed"
	want := timeline.Request{
		Method: "POST", Path: "/apis/a.example.com/v1/as", Query: "limit=5&watch=%31", Proto: "HTTP/1.1",
		User: "alice", Groups: []string{"dev", "system:authenticated"}, ClientCertificate: "front-proxy-client",
		Headers: map[string]string{
			"x-remote-user": "alice", "x-remote-group": "dev, system:authenticated", "x-remote-extra-scopes": "a, b",
			"x-forwarded-for": "127.0.0.1", "audit-id": "an-id", "x-kubernetes-pf-flowuid": "f",
			// The token is nobody's business.
			"authorization": "Bearer (not kept)",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a request is recorded otherwise (-want +got):\n%s", diff)
	}
	bare := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	bare.Header.Set("Authorization", "secret")
	if diff := cmp.Diff(timeline.Request{Method: "GET", Path: "/", Proto: "HTTP/1.1", Headers: map[string]string{"authorization": "(not kept)"}}, received(bare)); diff != "" {
		t.Errorf("a bare request is recorded otherwise (-want +got):\n%s", diff)
	}
}

// BenchmarkReceived is what the record costs each request.
func BenchmarkReceived(b *testing.B) {
	request := aggregated()
	b.ReportAllocs()
	for b.Loop() {
		received(request)
	}
}
