// SPDX-License-Identifier: Apache-2.0

package network

import (
	"io"
	"net"
	"time"
)

// outbox is what the server has written and the dialer has not been sent yet.
type outbox struct {
	queue []*chunk
	// bytes are those of the queue, and number that of its last chunk.
	bytes  int
	number uint64
	// pumping is true while a goroutine sends the queue. It ends with the queue.
	pumping bool
	// closed is true after the server closed this direction.
	closed bool
}

// write is the connection's Write. Like a socket, it returns when the bytes are
// in the queue, and waits while that is full.
func (s *shaping) write(p []byte) (written int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if _, err := s.stopsWriting(); err != nil {
			return written, err
		}
		if s.idle() {
			// Whatever was queued has gone, and whoever writes in order has nobody beside.
			s.mu.Unlock()
			n, err := s.conn.transmit(p[written:])
			s.mu.Lock()
			return written + n, err
		}
		for room := window - s.out.bytes; room <= 0; room = window - s.out.bytes {
			late, err := s.stopsWriting()
			if err != nil {
				return written, err
			}
			s.wait(late)
		}
		n := min(len(p)-written, window-s.out.bytes)
		s.put(append([]byte(nil), p[written:written+n]...), nil)
		if written += n; written == len(p) {
			return written, nil
		}
	}
}

// idle is whether the socket may be written to directly. The caller holds the
// lock.
func (s *shaping) idle() bool {
	return !s.out.pumping && len(s.out.queue) == 0 && !s.shaped(toClient)
}

// stopsWriting says why a writer waits no longer, or until when it does.
func (s *shaping) stopsWriting() (time.Time, error) {
	deadline := s.conn.deadlines[toClient].get()
	switch {
	case s.ended || s.closing:
		return deadline, net.ErrClosed
	case s.out.closed:
		return deadline, io.ErrClosedPipe
	}
	return deadline, expired(deadline)
}

// put queues a chunk and sees to it that it is sent. The caller holds the lock.
func (s *shaping) put(p []byte, end error) {
	out := &s.out
	out.number++
	out.queue = append(out.queue, &chunk{bytes: p, number: out.number, arrived: time.Now(), end: end})
	out.bytes += len(p)
	if out.pumping {
		s.changed.send()
		return
	}
	out.pumping = true
	// The lock order is the connection's first.
	s.mu.Unlock()
	s.conn.own(s.pump)
	s.mu.Lock()
}

// closeWrite and close queue the end of this direction and of both. They return
// false when there is nothing that it would have to wait for.
func (s *shaping) closeWrite() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.closing || s.out.closed || s.idle() {
		return false
	}
	s.out.closed = true
	s.put(nil, io.EOF)
	return true
}

func (s *shaping) close() (later, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return true, true
	case s.ended || s.idle():
		return false, false
	}
	s.closing = true
	s.put(nil, net.ErrClosed)
	return true, false
}

// pump sends the queue until it is empty.
func (s *shaping) pump() {
	// A deadline of the server's is for what it writes to the queue.
	_ = s.conn.halfCloser.SetWriteDeadline(time.Time{})
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.out.queue) > 0 {
		c := s.out.queue[0]
		n, last, err := s.pass(toClient, c, len(c.bytes), s.stopsSending)
		if err != nil {
			break
		}
		bytes := c.bytes[:n]
		c.bytes = c.bytes[n:]
		s.out.bytes -= n
		if len(c.bytes) == 0 {
			s.out.queue = s.out.queue[1:]
		}
		s.mu.Unlock()
		last = s.send(bytes, c, last)
		if last != "" {
			s.conn.end(last)
		}
		s.changed.send()
		s.mu.Lock()
	}
	s.out.pumping = false
	_ = s.conn.halfCloser.SetWriteDeadline(s.conn.deadlines[toClient].get())
	s.changed.send()
}

// send writes to the socket, and returns why the connection ends, if it does.
func (s *shaping) send(p []byte, c *chunk, last hangup) hangup {
	if len(p) > 0 {
		if _, err := s.conn.transmit(p); err != nil {
			return closedByAnEnd
		}
	}
	if last != "" || len(c.bytes) > 0 {
		return last
	}
	switch c.end {
	case io.EOF:
		if s.conn.halfCloser.CloseWrite() != nil {
			return closedByAnEnd
		}
	case net.ErrClosed:
		return closedByAnEnd
	}
	return ""
}

func (s *shaping) stopsSending() (time.Time, error) {
	if s.ended {
		return time.Time{}, net.ErrClosed
	}
	return time.Time{}, nil
}
