// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"cmp"
	"fmt"
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
	APIServer string `json:"apiServer"`
	// APIService is the object's name, <version>.<group>.
	APIService string `json:"apiService"`
	// Type and Status are the condition's own. Status is empty when the
	// APIService has gone.
	Type   string `json:"type"`
	Status string `json:"status,omitempty"`
	// Reason and Message are the condition's own.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// Dial is a connection that somebody asked the virtual network for, and what
// became of it.
type Dial struct {
	// From is who dialed: a kube-apiserver, or a server under test on the way back.
	From string `json:"from"`
	// Address is the host:port that was asked for.
	Address string `json:"address"`
	// To is the replica that got the connection, as server/index, or a relay's
	// target. Empty when nobody did.
	To string `json:"to,omitempty"`
	// ID numbers the connections of one network, from 1, so that a [Hangup] can
	// be joined to its dial. 0 when there was no connection.
	ID uint64 `json:"id,omitempty"`
	// Err says why there was no connection. Empty when there was one.
	Err string `json:"err,omitempty"`
}

// Hangup is the end of a connection.
type Hangup struct {
	// ID is the dial's.
	ID uint64 `json:"id"`
	// From and To are the dial's.
	From string `json:"from"`
	To   string `json:"to"`
	// Sent and Received count the bytes from the dialer to the server and back.
	Sent     int64 `json:"sent"`
	Received int64 `json:"received"`
	// Open is how long the connection was open. In JSON it is openSeconds.
	Open time.Duration `json:"-"`
	// Reason says who ended it: "closed" for one of the two ends, else the fault.
	Reason string `json:"reason"`
}

// Request is one HTTP request as the server behind the APIService saw it.
type Request struct {
	// Server is the replica, as server/index.
	Server string `json:"server"`
	// Method and Path are the request line's; Path has no query.
	Method string `json:"method"`
	Path   string `json:"path"`
	// Query is the request line's query without the question mark, as it was sent.
	Query string `json:"query,omitempty"`
	// Proto is the request's protocol: HTTP/1.1 or HTTP/2.0.
	Proto string `json:"proto,omitempty"`
	// User is the X-Remote-User header, which is what the front proxy claims.
	User string `json:"user,omitempty"`
	// Groups holds the X-Remote-Group headers in their order.
	Groups []string `json:"groups,omitempty"`
	// ClientCertificate is the common name of the certificate that the client
	// showed. Empty when it showed none.
	ClientCertificate string `json:"clientCertificate,omitempty"`
	// Headers holds the request's headers, names in lower case, the values of
	// one name joined by ", ".
	Headers map[string]string `json:"headers,omitempty"`
	// Code is the HTTP status that the server gave.
	Code int `json:"code"`
	// Took is the time from the request's headers to the end of the answer. In
	// JSON it is tookSeconds.
	Took time.Duration `json:"-"`
}

// Fault is something that was broken on purpose, or mended again.
type Fault struct {
	// On is what was broken: a server, a link, an object.
	On string `json:"on"`
	// What names the fault.
	What string `json:"what"`
	// Undone is true when the fault was taken away.
	Undone bool `json:"undone,omitempty"`
}

// Action is something that a scenario or a test did.
type Action struct {
	// What says it in a few words.
	What string `json:"what"`
	// Err says why it failed. Empty when it did not.
	Err string `json:"err,omitempty"`
}

// Expectation is one thing that had to hold, and whether it did.
type Expectation struct {
	// What says it in a few words.
	What string `json:"what"`
	// Held is whether it did.
	Held bool `json:"held"`
	// Took is how long it took to become so, or how long was waited in vain.
	// In JSON it is tookSeconds.
	Took time.Duration `json:"-"`
	// Last is the last state seen. Empty when the expectation held.
	Last string `json:"last,omitempty"`
}

// Process is a child process that started or ended.
type Process struct {
	// Name is the process's role: etcd, kube-apiserver-0.
	Name string `json:"name"`
	// What is "started", "ready", "stopped" or why it ended.
	What string `json:"what"`
	// PID is the process id.
	PID int `json:"pid,omitempty"`
}

// Interval is a time that was measured between two things that happened, such as
// an outage from the fault to the first good answer.
type Interval struct {
	// Name says what was measured: outage.
	Name string `json:"name"`
	// From and To say between what, in a few words. Empty when the name says it.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Took is how long it was. In JSON it is tookSeconds.
	Took time.Duration `json:"-"`
}

func (ConditionChange) fact() {}
func (Dial) fact()            {}
func (Hangup) fact()          {}
func (Request) fact()         {}
func (Fault) fact()           {}
func (Action) fact()          {}
func (Expectation) fact()     {}
func (Process) fact()         {}
func (Interval) fact()        {}

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

func (r Request) String() string { return r.answer() + " in " + round(r.Took).String() }

// answer is the fact without its time.
func (r Request) answer() string {
	return fmt.Sprintf("%s answers %d to %s %s by %s", r.Server, r.Code, r.Method, r.Path, cmp.Or(r.User, "nobody"))
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
	return e.verdict("held after "+round(e.Took).String(), "did not hold in "+round(e.Took).String())
}

// verdict is the fact with the words for either outcome.
func (e Expectation) verdict(held, not string) string {
	switch {
	case e.Held:
		return held + ": " + e.What
	case e.Last == "":
		return not + ": " + e.What
	default:
		return fmt.Sprintf("%s: %s (last seen: %s)", not, e.What, e.Last)
	}
}

func (p Process) String() string { return fmt.Sprintf("%s %s", p.Name, p.What) }

func (i Interval) String() string {
	return fmt.Sprintf("%s took %s%s", i.Name, round(i.Took), i.between())
}

// between is the two ends as the rest of a sentence, "" when neither is known.
func (i Interval) between() string {
	text := ""
	if i.From != "" {
		text += " from " + i.From
	}
	if i.To != "" {
		text += " to " + i.To
	}
	if text != "" {
		text = "," + text
	}
	return text
}

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
