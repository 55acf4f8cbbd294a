// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"fmt"
	"strings"
	"time"
)

// Fact is one thing that happened. The set is closed: the types of this file.
type Fact interface {
	fmt.Stringer
	fact()
}

// ConditionChange is a condition of an APIService that became something else,
// as one kube-apiserver showed it.
type ConditionChange struct {
	// APIServer is the kube-apiserver through which it was seen.
	APIServer string
	// APIService is the object's name, <version>.<group>.
	APIService string
	// Type, Status, Reason and Message are the condition's own. Status is empty
	// when the APIService has gone.
	Type, Status, Reason, Message string
}

// Dial is a connection that somebody asked the virtual network for, and what
// became of it.
type Dial struct {
	// From is who dialed: a kube-apiserver, or a server under test on the way back.
	From string
	// Address is the host:port that was asked for.
	Address string
	// To is the replica that got the connection, as server/index, or a relay's
	// target. Empty when nobody did.
	To string
	// ID numbers the connections of one network, from 1, so that a [Hangup] can
	// be joined to its dial. 0 when there was no connection.
	ID uint64
	// Err says why there was no connection. Empty when there was one.
	Err string
}

// Hangup is the end of a connection.
type Hangup struct {
	// ID is the dial's.
	ID uint64
	// From and To are the dial's.
	From, To string
	// Sent and Received count the bytes from the dialer to the server and back.
	Sent, Received int64
	// Open is how long the connection was open.
	Open time.Duration
	// Reason says who ended it: "closed" for one of the two ends, else the fault.
	Reason string
}

// Request is one HTTP request as the server behind the APIService saw it.
type Request struct {
	// Server is the replica, as server/index.
	Server string
	// Method and Path are the request line's; Path has no query.
	Method, Path string
	// User is the X-Remote-User header, which is what the front proxy claims.
	User string
	// Code is the HTTP status that the server gave.
	Code int
	// Took is the time from the request's headers to the end of the answer.
	Took time.Duration
}

// Fault is something that was broken on purpose, or mended again.
type Fault struct {
	// On is what was broken: a server, a link, an object.
	On string
	// What names the fault.
	What string
	// Undone is true when the fault was taken away.
	Undone bool
}

// Action is something that a scenario or a test did.
type Action struct {
	// What says it in a few words.
	What string
	// Err says why it failed. Empty when it did not.
	Err string
}

// Expectation is one thing that had to hold, and whether it did.
type Expectation struct {
	// What says it in a few words.
	What string
	// Held is whether it did.
	Held bool
	// Took is how long it took to become so, or how long was waited in vain.
	Took time.Duration
	// Last is the last state seen. Empty when the expectation held.
	Last string
}

// Process is a child process that started or ended.
type Process struct {
	// Name is the process's role: etcd, kube-apiserver-0.
	Name string
	// What is "started", "ready", "stopped" or why it ended.
	What string
	// PID is the process id.
	PID int
}

func (ConditionChange) fact() {}
func (Dial) fact()            {}
func (Hangup) fact()          {}
func (Request) fact()         {}
func (Fault) fact()           {}
func (Action) fact()          {}
func (Expectation) fact()     {}
func (Process) fact()         {}

func (c ConditionChange) String() string {
	if c.Status == "" {
		return fmt.Sprintf("%s sees %s gone", c.APIServer, c.APIService)
	}
	return fmt.Sprintf("%s sees %s %s=%s %s: %s", c.APIServer, c.APIService, c.Type, c.Status, c.Reason, c.Message)
}

func (d Dial) String() string {
	if d.Err != "" {
		return fmt.Sprintf("%s dials %s: %s", d.From, d.Address, d.Err)
	}
	return fmt.Sprintf("%s dials %s: reaches %s", d.From, d.Address, d.To)
}

func (h Hangup) String() string {
	return fmt.Sprintf("%s to %s %s after %s, %d bytes there, %d back", h.From, h.To, h.Reason, round(h.Open), h.Sent, h.Received)
}

func (r Request) String() string {
	user := r.User
	if user == "" {
		user = "nobody"
	}
	return fmt.Sprintf("%s answers %d to %s %s by %s in %s", r.Server, r.Code, r.Method, r.Path, user, round(r.Took))
}

func (f Fault) String() string {
	if f.Undone {
		return fmt.Sprintf("%s: %s is over", f.On, f.What)
	}
	return fmt.Sprintf("%s: %s", f.On, f.What)
}

func (a Action) String() string {
	if a.Err != "" {
		return a.What + ": " + a.Err
	}
	return a.What
}

func (e Expectation) String() string {
	var b strings.Builder
	if e.Held {
		fmt.Fprintf(&b, "held after %s: %s", round(e.Took), e.What)
		return b.String()
	}
	fmt.Fprintf(&b, "did not hold in %s: %s", round(e.Took), e.What)
	if e.Last != "" {
		fmt.Fprintf(&b, " (last seen: %s)", e.Last)
	}
	return b.String()
}

func (p Process) String() string { return fmt.Sprintf("%s %s", p.Name, p.What) }

// round keeps three digits or so: a transcript is for reading, and the exact
// figure stands in the fact.
func round(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	default:
		return d.Round(time.Millisecond)
	}
}
