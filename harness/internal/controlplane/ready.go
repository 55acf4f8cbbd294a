// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// settledPath is kube-apiserver's whole readiness.
	settledPath = "/readyz"
	// earlyPath leaves out the two start hooks that first look around after one
	// second: RBAC's default roles, and two priority classes
	// (k8s.io/kubernetes@v1.37.2/pkg/registry/rbac/rest/storage_rbac.go:162-181,
	// pkg/registry/scheduling/rest/storage_scheduling.go:172-214).
	earlyPath = settledPath + "?exclude=poststarthook/rbac/bootstrap-roles" +
		"&exclude=poststarthook/scheduling/bootstrap-system-priority-classes"

	// readyPoll is how often readiness is asked for. The answer costs
	// kube-apiserver less than a millisecond, and what is waited for takes
	// seconds: more often would gain nothing, and envtest's 100 ms would lose 50.
	readyPoll = 25 * time.Millisecond
	// probeLimit is how long one answer may take. A loaded machine takes some
	// hundred milliseconds for the first TLS handshake.
	probeLimit = 2 * time.Second
)

// prober asks kube-apiservers for their readiness as the administrator.
type prober struct{ client *http.Client }

func newProber(pki PKI) (*prober, error) {
	admin, err := tls.X509KeyPair(pki.Admin.Cert, pki.Admin.Key)
	if err != nil {
		return nil, fmt.Errorf("read the administrator's certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pki.ServingCA)
	return &prober{client: &http.Client{
		Timeout: probeLimit,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{
			MinVersion:   tls.VersionTLS12,
			RootCAs:      roots,
			Certificates: []tls.Certificate{admin},
		}},
	}}, nil
}

func (p *prober) close() { p.client.CloseIdleConnections() }

// errRefused is the answer of a kube-apiserver that will never let the
// administrator in.
var errRefused = errors.New("the administrator's certificate is not accepted: is it of group system:masters and signed by ClientCA?")

// probe asks once. It returns nil when the server is ready, an error that wraps
// errRefused when it never will be, and otherwise what is missing.
func (p *prober) probe(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	switch response.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%d from %s: %w", response.StatusCode, url, errRefused)
	}
	return fmt.Errorf("%d from %s: %s", response.StatusCode, url, missing(string(body)))
}

// missing picks the failed checks out of a readiness answer, which lists them
// all, one a line.
func missing(body string) string {
	var failed []string
	for line := range strings.Lines(body) {
		if check, found := strings.CutPrefix(strings.TrimSpace(line), "[-]"); found {
			name, _, _ := strings.Cut(check, " ")
			failed = append(failed, name)
		}
	}
	if len(failed) == 0 {
		return strings.TrimSpace(body)
	}
	return "not ready yet: " + strings.Join(failed, ", ")
}

// await asks until a kube-apiserver is ready in the sense of path. It ends early
// when the child or its etcd exits, when the administrator is refused, or by
// ctx; then the error has the last answer.
func (p *prober) await(ctx context.Context, server, etcd *Process, path string) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	var last error
	for {
		err := p.probe(ctx, server.URL()+path)
		if err == nil || errors.Is(err, errRefused) {
			return err
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-server.exited:
			return server.crash()
		case <-etcd.exited:
			return etcd.crash()
		case <-ctx.Done():
			return lastSeen(ctx, server, last)
		case <-tick.C:
		}
	}
}

// lastSeen is the error of a wait that ctx ended.
func lastSeen(ctx context.Context, process *Process, last error) error {
	if last == nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w; %s was last seen so: %v", context.Cause(ctx), process.name, last)
}
