// SPDX-License-Identifier: Apache-2.0

package network

import (
	"context"
	"errors"
	"net/netip"
	"sync"

	"github.com/aggtest/aggtest/harness/timeline"
)

var errClosed = errors.New("the network is closed")

// Network is the virtual network of one cluster. It is safe for use by several
// goroutines.
type Network struct {
	timeline *timeline.Timeline

	// ctx ends when the network is closed.
	ctx    context.Context
	cancel context.CancelFunc
	close  func() error

	// changed tells dials that wait for an address that it may have come.
	changed broadcast
	// following is held while a watch is being started or stopped.
	following     sync.Mutex
	stopFollowing func()

	addresses addresses
	// inside is where clients in this process come in.
	inside *door

	// mu guards what follows. The timeline is never written to while it is held,
	// so that who listens to the timeline may ask the network.
	mu       sync.Mutex
	closed   bool
	cluster  *cluster
	parts    map[closer]struct{}
	replicas map[netip.AddrPort]*replica
	conns    map[*conn]struct{}
	lastID   uint64
	// faults are those that new connections can have, oldest first.
	faults []*standing
}

// closer is what the network has to close when it is closed itself: doors and
// replicas.
type closer interface{ Close() error }

// New makes a network to which nothing is attached. What happens on it goes to
// the timeline, which may be nil.
func New(tl *timeline.Timeline) *Network {
	n := &Network{
		timeline: tl,
		parts:    map[closer]struct{}{},
		replicas: map[netip.AddrPort]*replica{},
		conns:    map[*conn]struct{}{},
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.close = sync.OnceValue(n.shutdown)
	n.inside = n.openInside()
	return n
}

// Close closes every egress, relay, listener and connection, stops following the
// cluster and waits for all that to end. Further calls do nothing and return
// what the first did.
func (n *Network) Close() error { return n.close() }

func (n *Network) shutdown() error {
	n.mu.Lock()
	n.closed = true
	parts := make([]closer, 0, len(n.parts))
	for part := range n.parts {
		parts = append(parts, part)
	}
	n.mu.Unlock()

	// First, so that a dial that waits is not told that it waited in vain.
	n.end(n.matching(func(*conn) bool { return true }), stopped)
	n.cancel()
	var errs []error
	for _, part := range parts {
		errs = append(errs, part.Close())
	}
	n.unfollow()
	return errors.Join(errs...)
}

// own adds a part, unless the network is closed.
func (n *Network) own(part closer) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return errClosed
	}
	n.parts[part] = struct{}{}
	return nil
}

func (n *Network) disown(part closer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.parts, part)
}

// matching returns the connections that are wanted, those still being set up
// among them.
func (n *Network) matching(want func(*conn) bool) []*conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found []*conn
	for c := range n.conns {
		if want(c) {
			found = append(found, c)
		}
	}
	return found
}

// end ends the connections and returns how many it was that ended, and not
// somebody else in the same moment.
func (n *Network) end(conns []*conn, reason hangup) int {
	ended := 0
	for _, c := range conns {
		if c.end(reason) {
			ended++
		}
	}
	return ended
}

// broadcast wakes everybody who waits. The zero value is ready for use.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns a channel that is closed at the next send.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) send() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
