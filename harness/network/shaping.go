// SPDX-License-Identifier: Apache-2.0

package network

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// The two ways of a connection.
const (
	toServer = 0
	toClient = 1
)

const (
	// window is how many bytes of one way are under way at once: what is delayed,
	// or waits while a connection is frozen, before its writer has to wait too. It
	// is the window of a TCP connection without scaling.
	window = 64 << 10

	// pieces is into how many pieces a second's worth of a bandwidth is cut: often
	// enough for the bytes to trickle, rare enough not to burn a core.
	pieces = 100
)

// shaping is what the faults do to the bytes of one connection. A connection has
// none until its first fault, and then keeps it.
type shaping struct {
	conn *conn
	// changed is sent whenever somebody who waits should look again.
	changed broadcast

	mu      sync.Mutex
	effects []*effect
	// ended is true when the sockets are closed, and closing when the server has
	// closed the connection, but the bytes before that are still on their way.
	ended, closing bool
	// woken is true when the socket's read deadline is not the server's.
	woken bool
	in    inbox
	out   outbox
}

// lane is the state of a fault in one direction of one connection.
type lane struct {
	random *rand.Rand
	// chunk is the number of the chunk that has the delay.
	chunk uint64
	delay time.Duration
	// pause is until when there is nothing after a slice.
	pause time.Time
	// begun is when the line began to transmit the piece at hand, and free when it
	// is through with the one before.
	begun, free time.Time
}

// chunk is bytes that came together. It may have none: the end of a stream.
type chunk struct {
	bytes   []byte
	number  uint64
	arrived time.Time
	// end is io.EOF for a direction that is closed after the bytes, and
	// net.ErrClosed for both. On the way to the server it is any error.
	end error
}

// afflict gives the connection a fault. The caller holds the connection's lock.
func (c *conn) afflict(e *effect) {
	if c.ended {
		return
	}
	s := c.shaping.Load()
	first := s == nil
	if first {
		s = &shaping{conn: c}
	}
	s.mu.Lock()
	s.effects = append(s.effects, e)
	s.woken = true
	s.mu.Unlock()
	c.shaping.Store(s)
	// Who waits at the socket is to read as the fault will have it.
	_ = c.halfCloser.SetReadDeadline(longAgo)
	if first {
		// He has left when this returns: bytes that come from now on are the fault's.
		c.plain.Lock()
		//lint:ignore SA2001 nothing is done but waiting
		c.plain.Unlock()
	}
	s.changed.send()
}

// shaped is whether a fault is on a way. The caller holds the lock.
func (s *shaping) shaped(way int) bool {
	s.effects = slices.DeleteFunc(s.effects, func(e *effect) bool { return e.isOver() })
	return slices.ContainsFunc(s.effects, func(e *effect) bool { return e.on(way) })
}

// on is whether the fault is on a way.
func (e *effect) on(way int) bool {
	switch e.fault.Direction {
	case ToServer:
		return way == toServer
	case ToClient:
		return way == toClient
	}
	return true
}

// pass waits until some bytes of the chunk may go on, at most limit, and returns
// how many. last is not empty when the connection ends after them. stop is asked
// whenever there is something new, and its error ends the wait; so does its time.
// The caller holds the lock; pass lets go of it while it waits.
func (s *shaping) pass(way int, c *chunk, limit int, stop func() (time.Time, error)) (n int, last hangup, err error) {
	for {
		late, err := stop()
		if err != nil {
			return 0, "", err
		}
		n, until, held := s.judge(way, c, min(limit, len(c.bytes)))
		if !held {
			return n, s.commit(way, n), nil
		}
		if until.IsZero() || !late.IsZero() && late.Before(until) {
			until = late
		}
		s.wait(until)
	}
}

// wait returns after the next change, or when the time has come, if there is one.
func (s *shaping) wait(until time.Time) {
	changed := s.changed.wait()
	var alarm <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		alarm = timer.C
	}
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-changed:
	case <-alarm:
	}
}

// judge says how many bytes may go on now. When they are held, it says until
// when, and not if that depends on an undo.
func (s *shaping) judge(way int, c *chunk, most int) (n int, until time.Time, held bool) {
	now, n := time.Now(), most
	if !s.shaped(way) {
		return n, until, false
	}
	due := c.arrived
	for _, e := range s.effects {
		if !e.on(way) {
			continue
		}
		lane := &e.ways[way]
		switch e.fault.Kind {
		case Freeze:
			return 0, time.Time{}, true
		case Delay:
			if lane.chunk != c.number {
				lane.chunk, lane.delay = c.number, e.fault.delay(lane.random)
			}
			due = due.Add(lane.delay)
		case Slice:
			n, until = min(n, e.fault.SliceBytes), later(until, lane.pause)
		case Limit, Reset:
			if e.rest == 0 {
				// Its end is under way.
				return 0, time.Time{}, true
			}
			n = min(n, int(min(e.rest, window)))
		case Bandwidth:
			n = min(n, int(min(max(1, e.fault.BytesPerSecond/pieces), window)))
		}
	}
	if until = later(until, due); until.After(now) {
		return 0, until, true
	}
	// A line begins to transmit what the delays have let through.
	for _, e := range s.effects {
		if e.fault.Kind != Bandwidth || !e.on(way) || n == 0 {
			continue
		}
		lane := &e.ways[way]
		if lane.begun.IsZero() {
			lane.begun = later(lane.free, now)
		}
		until = later(until, lane.begun.Add(transmission(n, e.fault.BytesPerSecond)))
	}
	return n, until, until.After(now)
}

// commit takes note of bytes that go on.
func (s *shaping) commit(way, n int) (last hangup) {
	if n == 0 {
		return ""
	}
	for _, e := range s.effects {
		if !e.on(way) {
			continue
		}
		lane := &e.ways[way]
		switch e.fault.Kind {
		case Slice:
			lane.pause = time.Now().Add(e.fault.Delay)
		case Bandwidth:
			if !lane.begun.IsZero() {
				lane.free = lane.begun.Add(transmission(n, e.fault.BytesPerSecond))
			}
			lane.begun = time.Time{}
		case Limit, Reset:
			if e.rest -= int64(n); e.rest == 0 && last == "" {
				last = wasLimited
				if e.fault.Kind == Reset {
					last = wasReset
				}
			}
		}
	}
	return last
}

// transmission is how long a line takes for so many bytes.
func transmission(n int, perSecond int64) time.Duration {
	return time.Duration(float64(n) / float64(perSecond) * float64(time.Second))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// stop wakes everybody, as the sockets are closed.
func (s *shaping) stop() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.changed.send()
}
