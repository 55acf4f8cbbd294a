// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"net/http"
	"sync"

	"k8s.io/client-go/rest"
)

// gate holds back the requests of our own watches to a kube-apiserver that is
// known to be away. Without it a watch would try again and again, each time
// after a longer wait, up to a minute
// (k8s.io/client-go@v0.37.2/tools/cache/reflector.go:60-67), and would see the
// kube-apiserver's return as late as that.
type gate struct {
	mu sync.Mutex
	// opened is closed when the gate opens. Nil while it is open.
	opened chan struct{}
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil {
		g.opened = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened != nil {
		close(g.opened)
		g.opened = nil
	}
}

// pass returns when the gate is open, or ctx has ended.
func (g *gate) pass(ctx context.Context) error {
	for {
		g.mu.Lock()
		opened := g.opened
		g.mu.Unlock()
		if opened == nil {
			return nil
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// guard returns a config whose requests go through the gate.
func (g *gate) guard(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			if err := g.pass(request.Context()); err != nil {
				return nil, err
			}
			return next.RoundTrip(request)
		})
	})
	return config
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
