// SPDX-License-Identifier: Apache-2.0

package network

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// inbox is what came from the dialer and the server has not got yet. It is filled
// by who reads: what nobody reads stays in the socket.
type inbox struct {
	// reading is held by who reads, so that a second reader waits, as at a socket.
	reading sync.Mutex
	chunk   chunk
	buffer  []byte
}

// read is the connection's Read. got is what was read from the socket into p
// already, when a fault came meanwhile, together with the error.
func (s *shaping) read(p []byte, got int, err error) (int, error) {
	s.in.reading.Lock()
	defer s.in.reading.Unlock()
	if got > 0 || err != nil {
		s.mu.Lock()
		s.keep(p[:got], err)
		s.mu.Unlock()
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, last, err := s.take(p)
	s.conn.sent.Add(int64(n))
	if last != "" {
		s.conn.end(last)
	}
	return n, err
}

func (s *shaping) take(p []byte) (n int, last hangup, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := &s.in.chunk
	for len(held.bytes) == 0 && held.end == nil {
		if _, err := s.stopsReading(); err != nil {
			return 0, "", err
		}
		s.fetch(len(p))
	}
	n, last, err = s.pass(toServer, held, len(p), s.stopsReading)
	if err != nil {
		return 0, "", err
	}
	if n == 0 {
		// The end of the stream stays the end.
		return 0, "", held.end
	}
	copy(p, held.bytes[:n])
	held.bytes = held.bytes[n:]
	return n, last, nil
}

// fetch reads a chunk from the socket, unless it is woken before there is one.
// The caller holds the lock, which is let go of meanwhile.
func (s *shaping) fetch(wanted int) {
	most := wanted
	if s.shaped(toServer) {
		most = window
		// What the connection will not live to deliver stays in the socket, which is
		// what makes the reset of a UNIX socket one.
		for _, e := range s.effects {
			if (e.fault.Kind == Limit || e.fault.Kind == Reset) && e.on(toServer) {
				most = int(min(int64(most), max(1, e.rest)))
			}
		}
	}
	if len(s.in.buffer) < most {
		s.in.buffer = make([]byte, most)
	}
	buffer := s.in.buffer[:most]
	if s.woken {
		s.woken = false
		_ = s.conn.halfCloser.SetReadDeadline(s.conn.deadlines[toServer].get())
	}
	s.mu.Unlock()
	n, err := s.conn.receive(buffer)
	s.mu.Lock()
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		s.woken = true
		return
	}
	s.keep(buffer[:n], err)
}

// keep makes a chunk of what was read. The caller holds the lock.
func (s *shaping) keep(p []byte, err error) {
	held := &s.in.chunk
	held.bytes = append([]byte(nil), p...)
	held.number++
	held.arrived = time.Now()
	held.end = err
}

// stopsReading says why a reader waits no longer, or until when it does.
func (s *shaping) stopsReading() (time.Time, error) {
	deadline := s.conn.deadlines[toServer].get()
	if s.closing || s.ended {
		return deadline, net.ErrClosed
	}
	return deadline, expired(deadline)
}
