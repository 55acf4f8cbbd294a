// SPDX-License-Identifier: Apache-2.0

package network

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"
)

// longestEarly bounds what a dialer may send while a fault leaves it without an
// answer. A TLS client sends nothing before the answer; on the way back, where
// the dialer is connected already, it is a ClientHello of some hundred bytes.
const longestEarly = 64 << 10

// obstacles are the kinds that a dial meets before it gets anywhere, in the order
// in which it meets them.
var obstacles = []Kind{BlackHole, Delay, FailConnect, Refuse}

// effectOn draws, once, whether the connection has the fault. The caller holds
// the network's lock.
func (s *standing) effectOn(c *conn) *effect {
	e, drawn := c.struck[s]
	if !drawn {
		if c.struck == nil {
			c.struck = map[*standing]*effect{}
		}
		e = s.draw(true)
		c.struck[s] = e
	}
	return e
}

// effectsOnNew returns what a connection that has just been established has. The
// caller holds the network's lock.
func (n *Network) effectsOnNew(c *conn) []*effect {
	var found []*effect
	for _, s := range n.faults {
		if !s.link.matches(c.from, c.to, c.port) || s.fault.Kind != Delay && slices.Contains(obstacles, s.fault.Kind) {
			continue
		}
		if e := s.effectOn(c); e != nil {
			found = append(found, e)
		}
	}
	return found
}

// obstacle returns the next fault that the dial to a replica meets, or nil. With
// no replica's name, only links to everything count.
func (n *Network) obstacle(c *conn, to string) *effect {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, kind := range obstacles {
		for _, s := range n.faults {
			if s.fault.Kind != kind || !s.link.matches(c.from, to, c.port) {
				continue
			}
			if e := s.effectOn(c); e != nil && !e.met {
				// Only a delay lets a dial go on while it lasts.
				e.met = kind == Delay
				return e
			}
		}
	}
	return nil
}

// obstruct has the dial meet its faults, and returns the refusal of one that does
// not get through.
func (n *Network) obstruct(ctx context.Context, c *conn, to string, address netip.AddrPort) *refusal {
	for e := n.obstacle(c, to); e != nil; e = n.obstacle(c, to) {
		cause := func(what string) string { return fmt.Sprintf("%s, as a fault asks for (%s)", what, e.link) }
		switch e.fault.Kind {
		case Refuse:
			refused := nothingListens(address)
			refused.cause = cause("refused")
			return refused
		case FailConnect:
			return &refusal{
				code: e.fault.Status, says: statusText(e.fault.Status),
				cause: cause(fmt.Sprintf("answered %d", e.fault.Status)),
			}
		case BlackHole:
			if !c.linger(ctx, e.over, 0) {
				return &refusal{code: http.StatusGatewayTimeout, says: "no answer", cause: cause("no answer")}
			}
		case Delay:
			if !e.on(toClient) {
				continue
			}
			if !c.linger(ctx, e.over, e.fault.delay(e.fault.random(e.number, drawDial))) {
				return &refusal{code: http.StatusGatewayTimeout, says: "hung up", cause: cause("hung up before the delayed answer")}
			}
		}
	}
	return nil
}

// statusText is the phrase of a status, which must not be empty.
func statusText(code int) string {
	if text := http.StatusText(code); text != "" {
		return text
	}
	return "as a fault asks for"
}

// linger keeps the dialer waiting until the fault is over or, if it is not 0, the
// time has passed. False means that the dialer has hung up meanwhile, or that the
// network was closed. What the dialer sends goes on later.
func (c *conn) linger(ctx context.Context, over <-chan struct{}, most time.Duration) bool {
	ctx, cancel := context.WithCancel(ctx)
	var alarm <-chan time.Time
	if most > 0 {
		timer := time.NewTimer(most)
		defer timer.Stop()
		alarm = timer.C
	}
	var waiter sync.WaitGroup
	waiter.Go(func() {
		select {
		case <-over:
		case <-alarm:
		case <-ctx.Done():
		}
		_ = c.halfCloser.SetReadDeadline(longAgo)
	})
	gone := c.listen()
	if gone {
		cancel()
	}
	waiter.Wait()
	stopped := ctx.Err() != nil
	cancel()
	_ = c.halfCloser.SetReadDeadline(time.Time{})
	return !gone && !stopped
}

// listen reads until the deadline and returns whether the dialer hung up first. A
// dialer that has sent too much is no longer listened to.
func (c *conn) listen() (gone bool) {
	buffer := make([]byte, 4096)
	for len(c.early) < longestEarly {
		n, err := c.halfCloser.Read(buffer)
		c.early = append(c.early, buffer[:n]...)
		if err != nil {
			return !errors.Is(err, os.ErrDeadlineExceeded)
		}
	}
	return false
}
