// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// fakeAPIServer answers as told, over TLS, and a prober that trusts it.
func fakeAPIServer(t *testing.T, answer http.HandlerFunc) (*Process, *prober) {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	pki := testPKI(t)
	cert, err := tls.X509KeyPair(pki.Serving.Cert, pki.Serving.Key)
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	server.StartTLS()
	t.Cleanup(server.Close)
	p, err := newProber(pki)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return newProcess("fake", server.URL, layout{dir: t.TempDir()}, nil, nil), p
}

// enduring is a process that does not exit.
var enduring = newProcess("enduring", "", layout{}, nil, nil)

const notReady = "[+]ping ok\n[-]etcd failed: reason withheld\n[-]poststarthook/crd-informer-synced failed: reason withheld\nreadyz check failed\n"

func TestAwaitIsNotReadyAtFirst(t *testing.T) {
	var asked atomic.Int32
	server, p := fakeAPIServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RequestURI() != earlyPath {
			t.Errorf("asked for %s", r.URL.RequestURI())
		}
		if asked.Add(1) < 3 {
			http.Error(w, notReady, http.StatusInternalServerError)
		}
	})
	if err := p.await(t.Context(), server, enduring, earlyPath); err != nil {
		t.Fatal(err)
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("asked %d times, want 3", n)
	}
}

func TestAwaitTellsWhatIsMissing(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	var asked atomic.Int32
	server, p := fakeAPIServer(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, notReady, http.StatusInternalServerError)
		if asked.Add(1) == 3 {
			cancel(enough)
		}
	})
	err := p.await(ctx, server, enduring, settledPath)
	if !errors.Is(err, enough) || !strings.Contains(err.Error(), "not ready yet: etcd, poststarthook/crd-informer-synced") {
		t.Errorf("got %v", err)
	}
}

func TestAwaitEndsWhenRefused(t *testing.T) {
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		server, p := fakeAPIServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		if err := p.await(t.Context(), server, enduring, settledPath); !errors.Is(err, errRefused) {
			t.Errorf("%d: got %v", code, err)
		}
	}
}

func TestAwaitDoesNotTakeAnotherServerForOurs(t *testing.T) {
	server, p := fakeAPIServer(t, func(http.ResponseWriter, *http.Request) {})
	foreign := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer foreign.Close()
	if err := p.probe(t.Context(), server.URL()); err != nil {
		t.Errorf("our own server: %v", err)
	}
	if err := p.probe(t.Context(), foreign.URL); err == nil {
		t.Error("a server with another authority's certificate passed for ready")
	}
}

func TestAwaitEndsWithEtcd(t *testing.T) {
	server, p := fakeAPIServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	etcd := newProcess("etcd", "", layout{dir: t.TempDir()}, nil, nil)
	close(etcd.spawned)
	close(etcd.exited)
	var crash *CrashError
	if err := p.await(t.Context(), server, etcd, settledPath); !errors.As(err, &crash) || crash.Process != "etcd" {
		t.Errorf("got %v", err)
	}
}
