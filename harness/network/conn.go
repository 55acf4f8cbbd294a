// SPDX-License-Identifier: Apache-2.0

package network

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

// hangup is why a connection ended.
type hangup string

const (
	// closedByAnEnd is one of the two ends, or both.
	closedByAnEnd hangup = "closed"
	// stopped is us: the egress, the relay or the network was closed.
	stopped hangup = "stopped"
	// The others are faults.
	wasCut     hangup = "cut"
	wasReset   hangup = "reset"
	wasLimited hangup = "cut at its limit"
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
	// early is what the dialer sent together with its CONNECT, or while it waited
	// for the answer.
	early []byte
	// local and remote are what the server sees: addresses of the virtual network.
	local, remote net.Addr

	sent, received atomic.Int64

	// plain is held by who reads from the socket without a fault.
	plain sync.RWMutex
	// deadlines are the server's, of reading and of writing.
	deadlines [2]deadline
	// shaping is what faults do to the bytes. Nil, as long as there was none, has
	// them go straight to the socket and from it.
	shaping atomic.Pointer[shaping]
	// lost is why there is nothing more to read or write, once a fault has ended
	// the connection.
	lost atomic.Pointer[hangup]

	// mu is held while the dial and the hang-up are recorded, so that they are in
	// order and whoever ends the connection knows that it has been.
	mu       sync.Mutex
	ended    bool
	opened   time.Time
	upstream io.Closer
	// refused is why there is no connection.
	refused *refusal

	// port is what was asked for. It is settled before the id is.
	port uint16
	// These are written with both mu and the network's held, and read with either.
	id       uint64
	from, to string
	// struck has the faults that were drawn for, with nil for those that the
	// connection does not have. The network's lock guards it.
	struck map[*standing]*effect
}

// admit takes in a connection that has not yet asked for anything. It closes it
// and returns nil when the network is closed.
func (n *Network) admit(through *door, from string, raw halfCloser) *conn {
	c := &conn{
		halfCloser: raw, network: n, through: through, from: from,
		local: raw.LocalAddr(), remote: raw.RemoteAddr(),
	}
	enlarge(raw)
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
// ended meanwhile; upstream is closed then. doom is the reason for which a fault
// ends the connection as soon as it is established, or empty.
func (c *conn) reach(address, to string, upstream io.Closer) (doom hangup, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		if upstream != nil {
			upstream.Close()
		}
		return "", false
	}
	n := c.network
	n.mu.Lock()
	n.lastID++
	c.id, c.to = n.lastID, to
	effects := n.effectsOnNew(c)
	n.mu.Unlock()
	c.upstream = upstream
	c.opened = n.timeline.Record(timeline.Dial{From: c.from, Address: address, To: to, ID: c.id})
	for _, e := range effects {
		if reason := e.fault.ends(); reason == "" {
			c.afflict(e)
		} else if doom == "" {
			doom = reason
		}
	}
	return doom, true
}

// reject tells the dialer and the timeline why there is no connection, unless it
// has been ended meanwhile, and ends it.
func (c *conn) reject(address string, r *refusal) {
	c.mu.Lock()
	if !c.ended {
		c.refused = r
		c.network.timeline.Record(timeline.Dial{From: c.from, Address: address, Err: r.record()})
		c.refuse(r)
	}
	c.mu.Unlock()
	c.end(closedByAnEnd)
}

// end closes both sides and records the hang-up. Only the first call does, and
// returns true; others wait until it is done.
func (c *conn) end(reason hangup) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.ended = true
	switch reason {
	case wasReset:
		c.lost.Store(&reason)
		abort(c.halfCloser)
		abort(c.upstream)
	case wasCut, wasLimited:
		c.lost.Store(&reason)
		discard(c.halfCloser)
	}
	c.halfCloser.Close()
	if c.upstream != nil {
		c.upstream.Close()
	}
	if s := c.shaping.Load(); s != nil {
		s.stop()
	}
	n := c.network
	n.mu.Lock()
	delete(n.conns, c)
	n.mu.Unlock()
	if c.id != 0 {
		n.timeline.Record(timeline.Hangup{
			ID: c.id, From: c.from, To: c.to,
			Sent: c.sent.Load(), Received: c.received.Load(),
			Open: time.Since(c.opened), Reason: string(reason),
		})
	}
	return true
}

// own runs a goroutine that ends soon after the connection does, and that whoever
// closes the door waits for. It does not run when the connection has ended.
func (c *conn) own(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.through.serving.Go(f)
	}
}

func (c *conn) Read(p []byte) (int, error) {
	if s := c.shaping.Load(); s != nil {
		n, err := s.read(p, 0, nil)
		return n, c.fate("read", err)
	}
	c.plain.RLock()
	n, err := c.receive(p)
	c.plain.RUnlock()
	if s := c.shaping.Load(); s != nil {
		// A fault came while we waited for the bytes, and these have it.
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
		n, err := s.read(p, n, err)
		return n, c.fate("read", err)
	}
	c.sent.Add(int64(n))
	return n, c.fate("read", err)
}

// receive reads what the dialer sent.
func (c *conn) receive(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	return c.halfCloser.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	if s := c.shaping.Load(); s != nil {
		n, err := s.write(p)
		return n, c.fate("write", err)
	}
	n, err := c.transmit(p)
	return n, c.fate("write", err)
}

// transmit sends to the dialer.
func (c *conn) transmit(p []byte) (int, error) {
	n, err := c.halfCloser.Write(p)
	c.received.Add(int64(n))
	return n, err
}

// CloseWrite is for who has no more to send to the dialer.
func (c *conn) CloseWrite() error {
	if s := c.shaping.Load(); s != nil && s.closeWrite() {
		return nil
	}
	return c.halfCloser.CloseWrite()
}

// Close is for the server that accepted the connection. What it has written
// before is still sent, however long a fault makes that take.
func (c *conn) Close() error {
	if s := c.shaping.Load(); s != nil {
		switch later, again := s.close(); {
		case again:
			return net.ErrClosed
		case later:
			// Who reads is to notice.
			s.changed.send()
			return c.halfCloser.SetReadDeadline(longAgo)
		}
	}
	if !c.end(closedByAnEnd) {
		return net.ErrClosed
	}
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }
