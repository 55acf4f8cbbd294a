// SPDX-License-Identifier: Apache-2.0

package network

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aggtest/aggtest/harness/timeline"
)

// Link says which connections are meant, by who dials and who answers. The zero
// value means all.
type Link struct {
	// From is a kube-apiserver or, on the way back, a server under test. Empty
	// means everybody.
	From string
	// To is a server under test or, on the way back, a relay's target. Empty means
	// everything. A server's name stands for all its replicas: my-api-server for
	// my-api-server/0 and my-api-server/1. That holds for From too.
	To string
}

func (l Link) String() string {
	from, to := l.From, l.To
	if from == "" {
		from = "everybody"
	}
	if to == "" {
		to = "everything"
	}
	return from + " to " + to
}

func (l Link) matches(from, to string) bool { return part(l.From, from) && part(l.To, to) }

func part(wanted, name string) bool {
	return wanted == "" || wanted == name || strings.HasPrefix(name, wanted+"/")
}

var errRefusedByFault = errors.New("refused, as a fault asks for")

// Refuse has new connections over the link refused, until undo is called. The
// dialer sees what it would if no process listened; open connections stay. Undo
// may be called more than once.
func (n *Network) Refuse(link Link) (undo func()) {
	const what = "new connections are refused"
	refusal := &link
	n.timeline.Record(timeline.Fault{On: link.String(), What: what})
	n.mu.Lock()
	n.refusals[refusal] = struct{}{}
	n.mu.Unlock()
	return sync.OnceFunc(func() {
		n.mu.Lock()
		delete(n.refusals, refusal)
		n.mu.Unlock()
		n.timeline.Record(timeline.Fault{On: link.String(), What: what, Undone: true})
	})
}

// Cut ends the connections that are open over the link and returns how many
// there were. Their hang-ups are in the timeline when it returns. New
// connections are not kept from coming.
func (n *Network) Cut(link Link) int {
	const what = "cut"
	n.timeline.Record(timeline.Fault{On: link.String(), What: what})
	return n.end(n.matching(func(c *conn) bool { return c.on(link) }), what)
}

// Connections returns how many connections are open over the link.
func (n *Network) Connections(link Link) int {
	return len(n.matching(func(c *conn) bool { return c.on(link) }))
}

// on is for callers that hold the network's lock. A connection that has not
// reached anybody is not on any link.
func (c *conn) on(link Link) bool { return c.id != 0 && link.matches(c.from, c.to) }

// refusedByFault returns the error of a dial that a fault has refused, and nil
// when none has.
func (n *Network) refusedByFault(from, to string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for link := range n.refusals {
		if link.matches(from, to) {
			return fmt.Errorf("%w (%s)", errRefusedByFault, link)
		}
	}
	return nil
}
