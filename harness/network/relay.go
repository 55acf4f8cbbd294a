// SPDX-License-Identifier: Apache-2.0

package network

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/aggtest/aggtest/harness/timeline"
)

// Relay is the way back: where one server under test finds a kube-apiserver.
type Relay struct {
	door *door
}

// Relay opens a port on 127.0.0.1 whose connections go on to the target, a
// kube-apiserver's loopback host:port. from is the replica that is to use it, as
// server/index. Connections are recorded, counted and broken like the others,
// with the target as where they go to.
func (n *Network) Relay(from, target string) (*Relay, error) {
	to, err := parseLocal(target)
	if err != nil {
		return nil, fmt.Errorf("open a relay for %s: %w", from, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a relay for %s: %w", from, err)
	}
	door, err := n.open(from, listener, func(d *door, c *conn) { serveRelay(d, c, target, to) })
	if err != nil {
		return nil, fmt.Errorf("open a relay for %s: %w", from, err)
	}
	return &Relay{door: door}, nil
}

// Addr returns the host:port to dial.
func (r *Relay) Addr() string { return r.door.listener.Addr().String() }

// Close closes the port, ends the connections and waits for its goroutines.
// Further calls do nothing.
func (r *Relay) Close() error {
	if err := r.door.Close(); err != nil {
		return fmt.Errorf("close the relay of %s: %w", r.door.from, err)
	}
	return nil
}

func serveRelay(d *door, c *conn, name string, to target) {
	c.port = to.port
	if refused := d.network.obstruct(d.ctx, c, name, netip.AddrPort{}); refused != nil {
		c.hangUpOn(name, refused.record())
		return
	}
	upstream, err := to.dial(d.ctx)
	if err != nil {
		c.hangUpOn(name, err.Error())
		return
	}
	switch doom, ok := c.reach(name, name, upstream); {
	case !ok:
	case doom != "":
		c.meet(doom)
	default:
		c.pipe(upstream)
	}
}

// hangUpOn ends a relay's dial that got nobody. The dialer is connected to the
// port already: a reset is the nearest thing to a refusal that is left.
func (c *conn) hangUpOn(name, why string) {
	c.network.timeline.Record(timeline.Dial{From: c.from, Address: name, Err: why})
	abort(c.halfCloser)
	c.end(closedByAnEnd)
}
