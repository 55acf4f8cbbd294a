// SPDX-License-Identifier: Apache-2.0

package network

import (
	"strconv"
	"strings"
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
	// Port is the port that was asked for: the Service's, or the endpoint's where
	// the aggregator routes by itself, or on the way back the relay's target's. 0
	// means any.
	Port uint16
}

func (l Link) String() string {
	from, to := l.From, l.To
	if from == "" {
		from = "everybody"
	}
	if to == "" {
		to = "everything"
	}
	if l.Port != 0 {
		to += ", port " + strconv.Itoa(int(l.Port))
	}
	return from + " to " + to
}

func (l Link) matches(from, to string, port uint16) bool {
	return part(l.From, from) && part(l.To, to) && (l.Port == 0 || l.Port == port)
}

func part(wanted, name string) bool {
	return wanted == "" || wanted == name || strings.HasPrefix(name, wanted+"/")
}

// Connections returns how many connections are open over the link.
func (n *Network) Connections(link Link) int {
	return len(n.matching(func(c *conn) bool { return c.on(link) }))
}

// on is for callers that hold the network's lock. A connection that has not
// reached anybody is not on any link.
func (c *conn) on(link Link) bool { return c.id != 0 && link.matches(c.from, c.to, c.port) }
