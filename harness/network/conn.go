// SPDX-License-Identifier: Apache-2.0

package network

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

// The reasons of hang-ups that no fault caused.
const (
	// closedByAnEnd is one of the two ends, or both.
	closedByAnEnd = "closed"
	// stopped is us: the egress, the relay or the network was closed.
	stopped = "stopped"
)

// halfCloser is a connection of which one direction can be closed.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// conn is the dialer's connection. What is read from it is what the dialer
// sent. A listener hands it to its server as it is, without a second hop.
type conn struct {
	halfCloser
	network *Network
	// through is where it came in.
	through *door
	// early is what the dialer sent together with its CONNECT.
	early []byte
	// local and remote are what the server sees: addresses of the virtual network.
	local, remote net.Addr

	sent, received atomic.Int64

	// mu is held while the dial and the hang-up are recorded, so that they are in
	// order and whoever ends the connection knows that it has been.
	mu       sync.Mutex
	ended    bool
	opened   time.Time
	upstream io.Closer

	// These are written with both mu and the network's held, and read with either.
	id       uint64
	from, to string
}

// admit takes in a connection that has not yet asked for anything. It closes it
// and returns nil when the network is closed.
func (n *Network) admit(through *door, raw halfCloser) *conn {
	c := &conn{
		halfCloser: raw, network: n, through: through, from: through.from,
		local: raw.LocalAddr(), remote: raw.RemoteAddr(),
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		raw.Close()
		return nil
	}
	n.conns[c] = struct{}{}
	return c
}

// reach records that the dialer got the connection it asked for. upstream, when
// not nil, is closed together with it. False means that the connection has been
// ended meanwhile; upstream is closed then.
func (c *conn) reach(address, to string, upstream io.Closer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		if upstream != nil {
			upstream.Close()
		}
		return false
	}
	n := c.network
	n.mu.Lock()
	n.lastID++
	c.id, c.to = n.lastID, to
	n.mu.Unlock()
	c.upstream = upstream
	c.opened = n.timeline.Record(timeline.Dial{From: c.from, Address: address, To: to, ID: c.id})
	return true
}

// reject tells the dialer and the timeline why there is no connection, unless it
// has been ended meanwhile, and ends it.
func (c *conn) reject(address string, r *refusal) {
	c.mu.Lock()
	if !c.ended {
		c.network.timeline.Record(timeline.Dial{From: c.from, Address: address, Err: r.record()})
		c.refuse(r)
	}
	c.mu.Unlock()
	c.end(closedByAnEnd)
}

// end closes both sides and records the hang-up. Only the first call does, and
// returns true; others wait until it is done.
func (c *conn) end(reason string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.ended = true
	c.halfCloser.Close()
	if c.upstream != nil {
		c.upstream.Close()
	}
	n := c.network
	n.mu.Lock()
	delete(n.conns, c)
	n.mu.Unlock()
	if c.id != 0 {
		n.timeline.Record(timeline.Hangup{
			ID: c.id, From: c.from, To: c.to,
			Sent: c.sent.Load(), Received: c.received.Load(),
			Open: time.Since(c.opened), Reason: reason,
		})
	}
	return true
}

func (c *conn) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		c.sent.Add(int64(n))
		return n, nil
	}
	n, err := c.halfCloser.Read(p)
	c.sent.Add(int64(n))
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.halfCloser.Write(p)
	c.received.Add(int64(n))
	return n, err
}

// Close is for the server that accepted the connection.
func (c *conn) Close() error {
	if !c.end(closedByAnEnd) {
		return net.ErrClosed
	}
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// pipe copies in both directions until both are done. An end of one direction
// closes that direction alone, as it would without us between; an error ends the
// connection.
func (c *conn) pipe(upstream halfCloser) {
	there := make(chan struct{})
	go func() {
		defer close(there)
		c.forward(upstream, c)
	}()
	c.forward(c, upstream)
	<-there
	c.end(closedByAnEnd)
}

func (c *conn) forward(to, from halfCloser) {
	_, err := io.Copy(to, from)
	if err == nil {
		err = to.CloseWrite()
	}
	if err != nil {
		c.end(closedByAnEnd)
	}
}
