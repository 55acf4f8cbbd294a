// SPDX-License-Identifier: Apache-2.0

package network

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"time"
)

// watchLag is how long a dial to something unknown waits for it to become known.
// The aggregator dials as soon as its own watch has seen an object, and ours,
// which is another, may see it a few milliseconds later, or some hundred on a
// machine that is out of breath. More than the second would come near to the
// five that a probe has
// (k8s.io/kube-aggregator@v0.37.2/pkg/controllers/status/remote/remote_available_controller.go:283).
const watchLag = time.Second

// route finds who answers at the address, if no fault is in the way.
func (n *Network) route(ctx context.Context, c *conn, address netip.AddrPort) (*replica, *refusal) {
	// A link to everything needs nobody to be found.
	if refused := n.obstruct(ctx, c, "", address); refused != nil {
		return nil, refused
	}
	to, refused := n.find(address)
	if refused != nil && refused.mayCome {
		to, refused = n.await(ctx, address)
	}
	if refused != nil {
		return nil, refused
	}
	if refused := n.obstruct(ctx, c, to.name, address); refused != nil {
		return nil, refused
	}
	return to, nil
}

// await looks again after each event, until the address is known or it has been
// waited long enough.
func (n *Network) await(ctx context.Context, address netip.AddrPort) (*replica, *refusal) {
	enough := time.NewTimer(watchLag)
	defer enough.Stop()
	for {
		changed := n.changed.wait()
		to, refused := n.find(address)
		if refused == nil || !refused.mayCome {
			return to, refused
		}
		select {
		case <-changed:
		case <-enough.C:
			return nil, refused
		case <-ctx.Done():
			return nil, refused
		}
	}
}

// find looks the address up once.
func (n *Network) find(address netip.AddrPort) (*replica, *refusal) {
	n.mu.Lock()
	at, cluster := n.replicas[address], n.cluster
	n.mu.Unlock()
	if at != nil {
		return at, nil
	}
	if endpointRange.Contains(address.Addr()) {
		// An endpoint's address is attached before it is published, so there is
		// nothing to wait for.
		return nil, nothingListens(address)
	}
	if cluster == nil {
		return nil, &refusal{
			code:    http.StatusServiceUnavailable,
			says:    fmt.Sprintf("nothing listens at %s", address),
			cause:   fmt.Sprintf("nothing listens at %s, and no cluster's Services are known yet", address),
			mayCome: true,
		}
	}
	endpoint, service, refused := cluster.resolve(address)
	if refused != nil {
		return nil, refused
	}
	n.mu.Lock()
	at = n.replicas[endpoint]
	n.mu.Unlock()
	if at == nil {
		refused := nothingListens(address)
		refused.cause = fmt.Sprintf("nothing listens at %s, an endpoint of service %s", endpoint, service)
		return nil, refused
	}
	return at, nil
}

// nothingListens is the refusal of an address at which there is no server.
func nothingListens(address netip.AddrPort) *refusal {
	return &refusal{code: http.StatusServiceUnavailable, says: fmt.Sprintf("nothing listens at %s", address)}
}
