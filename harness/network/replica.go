// SPDX-License-Identifier: Apache-2.0

package network

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	// backlog is how many connections may wait for a server in this process to
	// accept them: the SOMAXCONN of old, which no server that accepts at all comes
	// near.
	backlog = 128

	// dialWithin is how long a connect on this machine may take. It succeeds or is
	// refused at once, unless the server's backlog is full.
	dialWithin = 5 * time.Second
)

// replica is what answers at an endpoint's address.
type replica struct {
	network *Network
	name    string
	address netip.AddrPort

	// target is where a server in another process listens. The zero value means
	// that the server is in this one and takes its connections from waiting.
	target  target
	waiting chan *conn

	// mu is held while a connection is put into waiting, so that none is after
	// done has been closed.
	mu     sync.Mutex
	closed bool
	done   chan struct{}
}

// Listen attaches a server in this process to an address. The replica's name is
// server/index. Connections are handed over as they came in, without a second
// hop; their remote address is one of the virtual network's, the same for all
// connections of one kube-apiserver. Closing the listener ends accepting, not the
// connections: those are the server's.
func (n *Network) Listen(replica string, address netip.AddrPort) (net.Listener, error) {
	r, err := n.attach(replica, address, target{})
	if err != nil {
		return nil, err
	}
	return listener{r}, nil
}

// Forward attaches a server in another process to an address. The replica's
// name is server/index; the target is where it listens on this machine:
// 127.0.0.1:6443, [::1]:6443, localhost:6443 (which means 127.0.0.1), or the
// absolute path of a UNIX socket. Another machine's address is an error.
// Closing ends new connections, not the open ones.
func (n *Network) Forward(replica string, address netip.AddrPort, target string) (io.Closer, error) {
	to, err := parseLocal(target)
	if err != nil {
		return nil, fmt.Errorf("attach %s to %s: %w", replica, address, err)
	}
	r, err := n.attach(replica, address, to)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (n *Network) attach(name string, address netip.AddrPort, to target) (*replica, error) {
	if !address.IsValid() || address.Port() == 0 {
		return nil, fmt.Errorf("attach %s to %q: this is no address with a port of 1 to 65535", name, address)
	}
	r := &replica{
		network: n, name: name, address: plain(address), target: to,
		waiting: make(chan *conn, backlog), done: make(chan struct{}),
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, fmt.Errorf("attach %s to %s: %w", name, address, errClosed)
	}
	if other := n.replicas[r.address]; other != nil {
		return nil, fmt.Errorf("attach %s to %s: %s is there already", name, address, other.name)
	}
	n.replicas[r.address] = r
	n.parts[r] = struct{}{}
	n.changed.send()
	return r, nil
}

// Close detaches the replica. Connections that nobody has accepted are ended.
func (r *replica) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	close(r.done)
	r.mu.Unlock()

	n := r.network
	n.mu.Lock()
	delete(n.replicas, r.address)
	delete(n.parts, r)
	n.mu.Unlock()
	for {
		select {
		case c := <-r.waiting:
			c.end(closedByAnEnd)
		default:
			return nil
		}
	}
}

// take gives the connection to the replica, or says why not.
func (r *replica) take(ctx context.Context, c *conn, asked string) *refusal {
	if r.target != (target{}) {
		return r.relay(ctx, c, asked)
	}
	c.local, c.remote = tcp(r.address), tcp(r.network.addresses.of(c.from))
	doom, refused := r.enqueue(c, asked)
	if doom != "" {
		c.meet(doom)
	}
	return refused
}

// enqueue has the server accept the connection, unless a fault dooms it.
func (r *replica) enqueue(c *conn, asked string) (hangup, *refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return "", nothingListens(r.address)
	case len(r.waiting) == cap(r.waiting):
		return "", &refusal{
			code: http.StatusServiceUnavailable,
			says: fmt.Sprintf("%s does not accept its connections: %d are waiting", r.name, backlog),
		}
	}
	doom, ok := c.reach(asked, r.name, nil)
	switch {
	case !ok:
		return "", nil
	case c.accept() != nil:
		return closedByAnEnd, nil
	case doom == "":
		r.waiting <- c
	}
	return doom, nil
}

// meet ends a connection that a fault has doomed. A reset waits for the dialer's
// first bytes: at a UNIX socket they make it one, see abort, and at any other the
// dialer might not be through with its connect.
func (c *conn) meet(doom hangup) {
	if doom == wasReset {
		awaitBytes(c.halfCloser)
	}
	c.end(doom)
}

// relay serves a connection to a server in another process until it ends.
func (r *replica) relay(ctx context.Context, c *conn, asked string) *refusal {
	upstream, err := r.target.dial(ctx)
	if err != nil {
		return &refusal{
			code:  http.StatusBadGateway,
			says:  fmt.Sprintf("nothing listens at %s", r.target.address),
			cause: fmt.Sprintf("nothing listens at %s, where %s should be: %v", r.target.address, r.name, err),
		}
	}
	doom, ok := c.reach(asked, r.name, upstream)
	switch {
	case !ok:
	case c.accept() != nil:
		c.end(closedByAnEnd)
	case doom != "":
		c.meet(doom)
	default:
		c.pipe(upstream)
	}
	return nil
}

// listener is a replica as its server sees it.
type listener struct{ *replica }

func (l listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.waiting:
		return c, nil
	case <-l.done:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
}

func (l listener) Addr() net.Addr { return tcp(l.address) }

// tcp is the address in the form of net's own connections, which servers expect.
func tcp(address netip.AddrPort) net.Addr { return net.TCPAddrFromAddrPort(address) }
