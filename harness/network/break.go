// SPDX-License-Identifier: Apache-2.0

package network

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/aggtest/aggtest/harness/timeline"
)

// standing is a fault that has not been undone.
type standing struct {
	link  Link
	fault Fault
	// over is closed when it is undone.
	over chan struct{}

	// The network's lock guards what follows.

	// drawn counts the connections that were looked at, and struck those of them
	// that were new and have the fault.
	drawn  uint64
	struck int
}

// effect is a fault on one connection.
type effect struct {
	*standing
	// number is which of the fault's connections this is, from 0.
	number uint64
	// met is true once the dial was delayed. The network's lock guards it.
	met bool

	// The shaping's lock guards what follows.

	// rest is how many bytes may still pass.
	rest int64
	ways [2]lane
}

// Break has the fault on the link until undo is called, which may be called more
// than once and from anywhere. Undoing gives connections back their normal
// behaviour, those that were ended excepted. Faults add up, on one connection
// too. The error is that of [Fault.Validate], and nothing is broken then.
func (n *Network) Break(link Link, fault Fault) (undo func(), err error) {
	if err := fault.Validate(); err != nil {
		return nil, fmt.Errorf("break %s: %w", link, err)
	}
	undo, _ = n.strike(link, fault)
	return undo, nil
}

// Refuse has new connections over the link refused, until undo is called: the
// fault [Refuse].
func (n *Network) Refuse(link Link) (undo func()) {
	undo, _ = n.strike(link, Fault{Kind: Refuse})
	return undo
}

// Cut ends the connections that are open over the link and returns how many
// there were: the fault [Cut]. Their hang-ups are in the timeline when it
// returns. New connections are not kept from coming.
func (n *Network) Cut(link Link) int {
	_, ended := n.strike(link, Fault{Kind: Cut})
	return ended
}

// strike begins a fault, and returns how many open connections it has ended.
func (n *Network) strike(link Link, fault Fault) (undo func(), ended int) {
	fault = fault.settled()
	what := fault.words()
	s := &standing{link: link, fault: fault, over: make(chan struct{})}
	n.timeline.Record(timeline.Fault{On: link.String(), What: what})

	// A connection is reached under this lock, so that each is either open or new.
	n.mu.Lock()
	if fault.Connections != Open {
		n.faults = append(n.faults, s)
	}
	open := map[*conn]*effect{}
	var hit []*conn
	if fault.Connections != NewOnes {
		for _, c := range n.onLink(link) {
			if e := s.draw(false); e != nil {
				open[c] = e
				hit = append(hit, c)
			}
		}
	}
	n.mu.Unlock()
	for _, c := range hit {
		if reason := fault.ends(); reason == "" {
			c.mu.Lock()
			c.afflict(open[c])
			c.mu.Unlock()
		} else if c.end(reason) {
			ended++
		}
	}
	return sync.OnceFunc(func() {
		n.mu.Lock()
		n.faults = slices.DeleteFunc(n.faults, func(other *standing) bool { return other == s })
		n.mu.Unlock()
		close(s.over)
		for _, c := range n.matching(func(*conn) bool { return true }) {
			if shaping := c.shaping.Load(); shaping != nil {
				shaping.changed.send()
			}
		}
		n.timeline.Record(timeline.Fault{On: link.String(), What: what, Undone: true})
	}), ended
}

// onLink returns the open connections of a link in the order in which they were
// established, so that draws can be repeated. The caller holds the network's lock.
func (n *Network) onLink(link Link) []*conn {
	var found []*conn
	for c := range n.conns {
		if c.on(link) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b *conn) int { return cmp.Compare(a.id, b.id) })
	return found
}

// ends is the reason for which the fault ends connections at once, or empty.
func (f Fault) ends() hangup {
	switch {
	case f.Kind == Cut:
		return wasCut
	case f.Kind == Reset && f.AfterBytes == 0:
		return wasReset
	}
	return ""
}

// draw decides whether a connection has the fault, and returns nil if not. The
// caller holds the network's lock.
func (s *standing) draw(isNew bool) *effect {
	if isNew && s.fault.Next > 0 && s.struck == s.fault.Next {
		return nil
	}
	number := s.drawn
	s.drawn++
	if !s.fault.hits(number) {
		return nil
	}
	if isNew {
		s.struck++
	}
	e := &effect{standing: s, number: number, rest: s.fault.AfterBytes}
	for way := range e.ways {
		e.ways[way].random = s.fault.random(number, uint64(way))
	}
	return e
}

// isOver is whether the fault was undone.
func (s *standing) isOver() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}
