// SPDX-License-Identifier: Apache-2.0

package network

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// longAgo is a deadline that wakes who waits at a socket.
var longAgo = time.Unix(1, 0)

// deadline is one of a connection's. The socket has it as well, except while a
// queue is written to it.
type deadline struct{ at atomic.Pointer[time.Time] }

func (d *deadline) set(t time.Time) { d.at.Store(&t) }

// get returns the zero time when there is none.
func (d *deadline) get() time.Time {
	if at := d.at.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// expired is the error of a deadline that has passed.
func expired(deadline time.Time) error {
	if !deadline.IsZero() && !time.Now().Before(deadline) {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline ends a read that waits for bytes which a fault holds, too. They
// are there for the next.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.deadlines[toServer].set(t)
	s := c.shaping.Load()
	if s == nil {
		return c.halfCloser.SetReadDeadline(t)
	}
	defer s.changed.send()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.woken = true
	return c.halfCloser.SetReadDeadline(t)
}

// SetWriteDeadline ends a write that waits because a fault holds what was written
// before.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.deadlines[toClient].set(t)
	if c.shaping.Load() == nil {
		err := c.halfCloser.SetWriteDeadline(t)
		if c.shaping.Load() == nil {
			return err
		}
	}
	s := c.shaping.Load()
	defer s.changed.send()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out.pumping {
		// What is in the queue has left the server.
		t = time.Time{}
	}
	return c.halfCloser.SetWriteDeadline(t)
}

// fate is what an error looks like at the server: what a socket would say of an
// end that a fault has made, and of a deadline.
func (c *conn) fate(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	wrap := func(err error) error {
		return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
	}
	lost := c.lost.Load()
	switch {
	case lost == nil && err == os.ErrDeadlineExceeded, lost == nil && err == net.ErrClosed:
		return wrap(err)
	case lost == nil:
		return err
	case *lost == wasReset:
		return wrap(os.NewSyscallError(op, syscall.ECONNRESET))
	case op == "read":
		return io.EOF
	}
	return wrap(os.NewSyscallError(op, syscall.EPIPE))
}
