// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		if err := g.pass(t.Context()); err != nil {
			t.Errorf("open at first: %v", err)
		}
		g.shut()
		g.shut() // again, which changes nothing
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if err := g.pass(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("shut: %v after %s", err, time.Since(began))
		}
		passed := make(chan error)
		go func() { passed <- g.pass(t.Context()) }()
		synctest.Wait()
		select {
		case err := <-passed:
			t.Errorf("passed while it was shut: %v", err)
		default:
		}
		g.open()
		g.open()
		if err := <-passed; err != nil {
			t.Errorf("opened: %v", err)
		}
	})
}

func TestGateGuardsRequests(t *testing.T) {
	var g gate
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	client, err := rest.HTTPClientFor(g.guard(&rest.Config{Host: server.URL}))
	if err != nil {
		t.Fatal(err)
	}
	get := func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	}
	if err := get(t.Context()); err != nil {
		t.Errorf("open: %v", err)
	}
	g.shut()
	away := errors.New("away")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(away)
	if err := get(ctx); !errors.Is(err, away) {
		t.Errorf("shut: %v", err)
	}
	g.open()
	if err := get(t.Context()); err != nil {
		t.Errorf("open again: %v", err)
	}
	// The transport of a config without TLS is the process's own.
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}
