// SPDX-License-Identifier: Apache-2.0

package network

import "time"

// Kind is what is wrong with a link.
type Kind string

const (
	// Refuse has new connections refused, as if no process listened. The CONNECT of
	// a kube-apiserver is answered 503; a dial through a [Relay] is reset.
	// The aggregator shows "nothing listens at", and a proxied request gets 503.
	Refuse Kind = "Refuse"
	// BlackHole leaves the CONNECT of a new connection unanswered until the fault is
	// undone, upon which the dial proceeds, or the dialer hangs up. A dial through a
	// [Relay] is connected, and then nothing comes.
	// A kube-apiserver does not hang up by itself: its requests and its probes (5 s)
	// run into their own deadlines while the dial goes on
	// (k8s.io/apiserver@v0.37.2/pkg/server/egressselector/egress_selector.go:178).
	BlackHole Kind = "BlackHole"
	// Freeze holds the bytes of a direction and the end of the connection; the
	// sockets stay, and writers go on until buffers are full. When it is undone
	// everything that was held flows on, in order.
	// The aggregator's requests get no answer. It gives up a frozen HTTP/2 connection
	// after 45 s (k8s.io/apimachinery@v0.37.2/pkg/util/net/http.go:147,164), and one
	// of HTTP/1.1 never.
	Freeze Kind = "Freeze"
	// Cut closes connections. Open ones are closed at once, new ones right after
	// they are established, before a server in this process sees them. Both ends
	// read the end of the stream.
	// The aggregator answers requests in flight 503, or tries them again on another
	// connection; an answer that had begun ends in the middle.
	Cut Kind = "Cut"
	// Reset ends connections with a RST: at once, or after AfterBytes bytes. New
	// ones are reset when the dialer has sent its first bytes, which no server in
	// this process sees. Both ends read "connection reset by peer".
	// A UNIX socket, which a kube-apiserver's is, has no RST. It gives its dialer
	// that same error if there are bytes of the dialer's that nobody has read: so
	// it is with new connections, and otherwise only if bytes are on their way.
	// Else the dialer reads the end of the stream.
	Reset Kind = "Reset"
	// Delay has each chunk arrive later by Delay, give or take up to Jitter. A chunk
	// is what was written at once to the client, and what was read at once, up to
	// 64 KiB, on the way to the server. The dial of a new connection is answered
	// later as well, unless only the way to the server is slow.
	Delay Kind = "Delay"
	// Bandwidth lets BytesPerSecond bytes a second pass in each direction.
	Bandwidth Kind = "Bandwidth"
	// Slice delivers the bytes in pieces of at most SliceBytes, with Delay between
	// them.
	Slice Kind = "Slice"
	// Limit closes a connection after AfterBytes bytes. Both ends read the end of
	// the stream after them; a TLS client calls that an unexpected EOF.
	Limit Kind = "Limit"
	// FailConnect has the CONNECT of new connections answered with Status. The
	// aggregator shows the status's code and text. There is no CONNECT on the way
	// back: a dial through a [Relay] is reset.
	FailConnect Kind = "FailConnect"
)

// Direction is one way of a connection.
type Direction string

const (
	// ToServer is from who dials to who answers.
	ToServer Direction = "ToServer"
	// ToClient is from who answers to who dials.
	ToClient Direction = "ToClient"
)

// Connections says which connections of a link have the fault.
type Connections string

const (
	// NewOnes is connections that are established while the fault lasts. They keep it
	// until it is undone.
	NewOnes Connections = "New"
	// Open is connections that are open when the fault begins.
	Open Connections = "Open"
	// All is both.
	All Connections = "All"
)

// Fault says what is wrong with the connections of a link. Fields that mean
// nothing to a kind must be zero; [Fault.Validate] says which.
type Fault struct {
	// Kind must be one of [Kinds].
	Kind Kind
	// Direction is the way that has the fault. Empty means both; bytes are counted
	// together then. Only the kinds that do something to bytes have one.
	Direction Direction
	// Connections are the ones that have the fault. Empty means: NewOnes for Refuse,
	// BlackHole and FailConnect, which know no other; Open for Freeze, Cut and
	// Reset; All for Delay, Bandwidth, Slice and Limit; and NewOnes when Next is set.
	Connections Connections
	// Next spares all but the next N new connections. 0 means that none is spared.
	Next int
	// Fraction is the share of connections that have the fault, above 0 and up to 1,
	// drawn for each. 0 means all. With Next, those that are spared do not count.
	Fraction float64
	// Seed is where the draws of Fraction and Jitter begin: the same seed gives the
	// same draws for the first connection, the second, and so on. 0 means that one
	// is chosen. The timeline has it wherever something is drawn.
	Seed uint64
	// Delay is how much later chunks arrive, for Delay, or the pause between pieces,
	// for Slice, where 0 means none.
	Delay time.Duration
	// Jitter is the most by which a delay may be shorter or longer. It must not be
	// more than Delay. 0 means none.
	Jitter time.Duration
	// BytesPerSecond is the bandwidth of each direction.
	BytesPerSecond int64
	// SliceBytes is the most bytes of one piece.
	SliceBytes int
	// AfterBytes is how many bytes still pass, from the beginning of the fault or
	// the connection. 0 means, for Reset, that the connection ends at once; Limit
	// needs more.
	AfterBytes int64
	// Status is what a CONNECT is answered, 300 to 599. 0 means 502.
	Status int
}

// Kinds returns all kinds, in the order of their documentation.
func Kinds() []Kind {
	return []Kind{Refuse, BlackHole, Freeze, Cut, Reset, Delay, Bandwidth, Slice, Limit, FailConnect}
}
