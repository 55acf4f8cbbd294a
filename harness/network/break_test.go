// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/harness/timeline"
)

// moment is how long nothing must come for it to count as nothing. What would
// come comes at once, unless the machine is out of breath.
const moment = 50 * time.Millisecond

// see reads once and says what a client sees: bytes, nothing, an end, a reset. It
// waits long when something is wanted.
func see(t testing.TB, conn net.Conn, want string) string {
	t.Helper()
	within := patience
	if want == "nothing" {
		within = moment
	}
	if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 64)
	n, err := conn.Read(buffer)
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	switch {
	case err == nil:
		return string(buffer[:n])
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "nothing"
	case errors.Is(err, io.EOF):
		return "end"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	}
	return err.Error()
}

// hello sends a word to the echo server and says what comes back.
func hello(t testing.TB, conn net.Conn, want string) string {
	t.Helper()
	switch _, err := io.WriteString(conn, "hello"); {
	case errors.Is(err, syscall.ECONNRESET):
		// The kernel says it once, to whoever comes first.
		return "reset"
	case err != nil && !errors.Is(err, syscall.EPIPE):
		t.Fatal(err)
	}
	return see(t, conn, want)
}

// try dials and says what the dialer is told, or nothing when it is not told.
func (b *bed) try(t testing.TB, address, want string) (net.Conn, string) {
	t.Helper()
	conn := b.open(t)
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", address)
	status, _, _ := strings.Cut(see(t, conn, want), "\r\n")
	return conn, strings.TrimPrefix(status, "HTTP/1.1 ")
}

func TestBreak(t *testing.T) {
	const (
		through = "200 Connection established"
		nobody  = "503 nothing listens at ADDRESS"
	)
	cases := []struct {
		fault network.Fault
		// what the timeline says
		what string
		// dial is the answer to a new one, fresh what hello brings on it, and open what
		// it brings on a connection that was open; empty is not tried.
		dial, fresh, open string
		// held is what comes after the undo on the open connection.
		held   string
		ended  string
		reason string
	}{
		{
			fault: network.Fault{Kind: network.Refuse}, what: "new connections are refused",
			dial: nobody, open: "hello", reason: "like a server that is not there",
		},
		{
			fault: network.Fault{Kind: network.BlackHole}, what: "new connections are left without an answer",
			dial: "nothing", open: "hello", reason: "the dialer waits",
		},
		{
			fault: network.Fault{Kind: network.FailConnect}, what: "new connections are answered 502",
			dial: "502 Bad Gateway", open: "hello", reason: "the default status",
		},
		{
			fault: network.Fault{Kind: network.FailConnect, Status: 403}, what: "new connections are answered 403",
			dial: "403 Forbidden", open: "hello", reason: "a proxy that does not let it out",
		},
		{
			fault: network.Fault{Kind: network.FailConnect, Status: 599}, what: "new connections are answered 599",
			dial: "599 as a fault asks for", open: "hello", reason: "a status without a name has a phrase",
		},
		{
			fault: network.Fault{Kind: network.Freeze}, what: "open connections are frozen",
			dial: through, fresh: "hello", open: "nothing", held: "hello", reason: "open ones by default",
		},
		{
			fault: network.Fault{Kind: network.Freeze, Direction: network.ToServer}, what: "open connections are frozen, to the server",
			dial: through, fresh: "hello", open: "nothing", held: "hello", reason: "the server never gets the word",
		},
		{
			fault: network.Fault{Kind: network.Freeze, Direction: network.ToClient}, what: "open connections are frozen, to the client",
			dial: through, fresh: "hello", open: "nothing", held: "hello", reason: "the answer is held",
		},
		{
			fault: network.Fault{Kind: network.Freeze, Connections: "New"}, what: "new connections are frozen",
			dial: through, fresh: "nothing", open: "hello", reason: "the dial goes well, and then nothing comes",
		},
		{
			fault: network.Fault{Kind: network.Freeze, Connections: network.All}, what: "open connections and new connections are frozen",
			dial: through, fresh: "nothing", open: "nothing", held: "hello", reason: "both",
		},
		{
			fault: network.Fault{Kind: network.Cut}, what: "cut",
			dial: through, fresh: "hello", open: "end", ended: "cut", reason: "the shorthand's words",
		},
		{
			fault: network.Fault{Kind: network.Cut, Connections: "New"}, what: "new connections are cut",
			dial: through, fresh: "end", open: "hello", ended: "cut", reason: "closed when they are established",
		},
		{
			fault: network.Fault{Kind: network.Cut, Connections: network.All}, what: "open connections and new connections are cut",
			dial: through, fresh: "end", open: "end", ended: "cut", reason: "both",
		},
		{
			fault: network.Fault{Kind: network.Reset}, what: "open connections are reset",
			dial: through, fresh: "hello", open: "end", ended: "reset", reason: "a UNIX socket with nothing unread only ends",
		},
		{
			fault: network.Fault{Kind: network.Reset, Connections: "New"}, what: "new connections are reset",
			dial: through, fresh: "reset", open: "hello", ended: "reset", reason: "the first bytes are left unread, which resets a UNIX socket",
		},
		{
			fault: network.Fault{Kind: network.Reset, AfterBytes: 3, Direction: network.ToServer}, what: "open connections are reset after 3 bytes, to the server",
			dial: through, fresh: "hello", open: "reset", ended: "reset", reason: "two bytes are left unread",
		},
		{
			fault: network.Fault{Kind: network.Reset, AfterBytes: 3, Direction: network.ToClient, Connections: network.All},
			what:  "open connections and new connections are reset after 3 bytes, to the client",
			dial:  through, fresh: "hel", open: "hel", ended: "reset", reason: "three bytes come",
		},
		{
			fault: network.Fault{Kind: network.Limit, AfterBytes: 8}, what: "open connections and new connections are closed after 8 bytes",
			dial: through, fresh: "hel", open: "hel", ended: "cut at its limit", reason: "both directions count: five there and three back",
		},
		{
			fault: network.Fault{Kind: network.Limit, AfterBytes: 3, Direction: network.ToServer, Connections: "New"},
			what:  "new connections are closed after 3 bytes, to the server",
			dial:  through, fresh: "end", open: "hello", ended: "cut at its limit", reason: "the server is gone before it can answer",
		},
		{
			fault: network.Fault{Kind: network.Delay, Delay: time.Hour}, what: "open connections and new connections are delayed by 1h0m0s",
			dial: "nothing", open: "nothing", held: "hello", reason: "the dial takes that long as well",
		},
		{
			fault: network.Fault{Kind: network.Delay, Delay: time.Hour, Direction: network.ToServer, Connections: "New"},
			what:  "new connections are delayed by 1h0m0s, to the server",
			dial:  through, fresh: "nothing", open: "hello", reason: "the answer to the dial goes the other way",
		},
		{
			fault: network.Fault{Kind: network.Bandwidth, BytesPerSecond: 1, Connections: "New"}, what: "new connections are held to 1 bytes a second",
			dial: through, fresh: "nothing", open: "hello", reason: "the first byte takes a second",
		},
		{
			fault: network.Fault{Kind: network.Slice, SliceBytes: 2, Delay: time.Hour, Direction: network.ToClient},
			what:  "open connections and new connections are sliced into 2 bytes, 1h0m0s apart, to the client",
			dial:  through, fresh: "he", open: "he", held: "llo", reason: "two bytes, and then a long pause",
		},
	}
	tried := map[network.Kind]bool{}
	for _, tc := range cases {
		tried[tc.fault.Kind] = true
		t.Run(strings.ReplaceAll(tc.what, " ", "-"), func(t *testing.T) {
			b := newBed(t)
			address := b.echo(t, "server/0").String()
			open := b.mustDial(t, address)
			talk(t, open)
			undo, err := b.Break(network.Link{To: "server"}, tc.fault)
			if err != nil {
				t.Fatal(err)
			}

			want := strings.ReplaceAll(tc.dial, "ADDRESS", address)
			fresh, status := b.try(t, address, want)
			if status != want {
				t.Errorf("a dial gets %q, want %q: %s", status, want, tc.reason)
			}
			if tc.fresh != "" {
				if got := hello(t, fresh, tc.fresh); got != tc.fresh {
					t.Errorf("a new connection: %s, want %s: %s", got, tc.fresh, tc.reason)
				}
			}
			if got := hello(t, open, tc.open); got != tc.open {
				t.Errorf("the open connection: %s, want %s: %s", got, tc.open, tc.reason)
			}
			undo()
			undo()
			if tc.held != "" {
				if err := open.SetReadDeadline(time.Now().Add(patience)); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, len(tc.held))
				if _, err := io.ReadFull(open, got); err != nil || string(got) != tc.held {
					t.Errorf("after the undo %q, %v came over the open connection, want %q: %s", got, err, tc.held, tc.reason)
				}
				talk(t, open)
			}
			talk(t, b.mustDial(t, address))
			faults := []timeline.Fault{
				{On: "everybody to server", What: tc.what},
				{On: "everybody to server", What: tc.what, Undone: true},
			}
			if diff := cmp.Diff(faults, facts[timeline.Fault](b.tl, 0)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if tc.ended != "" {
				if got := await[timeline.Hangup](t, b.tl, 0, 1)[0].Fact.Reason; got != tc.ended {
					t.Errorf("a hang-up has reason %q, want %q", got, tc.ended)
				}
			}
		})
	}
	for _, kind := range network.Kinds() {
		if !tried[kind] {
			t.Errorf("%s was not tried", kind)
		}
	}
}

// A dial into a black hole goes on when the fault is undone, and ends when the
// dialer hangs up or the network is closed.
func TestBlackHole(t *testing.T) {
	link := network.Link{From: apiServer, To: "server", Port: 8443}
	t.Run("undone", func(t *testing.T) {
		b := newBed(t)
		address := b.echo(t, "server/0").String()
		undo, err := b.Break(link, network.Fault{Kind: network.BlackHole})
		if err != nil {
			t.Fatal(err)
		}
		conn, status := b.try(t, address, "nothing")
		if status != "nothing" {
			t.Fatalf("the dial is told %q", status)
		}
		// A client that does not wait for the answer.
		if _, err := io.WriteString(conn, "early"); err != nil {
			t.Fatal(err)
		}
		undo()
		const want = "HTTP/1.1 200 Connection established\r\n\r\nearly"
		got := make([]byte, len(want))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
			t.Errorf("got %q, %v after the undo, want %q", got, err, want)
		}
	})
	t.Run("given up", func(t *testing.T) {
		b := newBed(t)
		address := b.echo(t, "server/0").String()
		if _, err := b.Break(link, network.Fault{Kind: network.BlackHole}); err != nil {
			t.Fatal(err)
		}
		conn, _ := b.try(t, address, "nothing")
		conn.Close()
		const want = "no answer, as a fault asks for (kube-apiserver-0 to server, port 8443)"
		if got := await[timeline.Dial](t, b.tl, 0, 1)[0].Fact.Err; got != want {
			t.Errorf("the timeline says %q, want %q", got, want)
		}
	})
	t.Run("closed", func(t *testing.T) {
		b := newBed(t)
		address := b.echo(t, "server/0").String()
		if _, err := b.Break(link, network.Fault{Kind: network.BlackHole}); err != nil {
			t.Fatal(err)
		}
		conn, _ := b.try(t, address, "nothing")
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if got := see(t, conn, "end"); got != "end" {
			t.Errorf("the dialer sees %s, want the end", got)
		}
	})
	t.Run("another port", func(t *testing.T) {
		b := newBed(t)
		address := b.echo(t, "server/0").String()
		other := link
		other.Port = 443
		if _, err := b.Break(other, network.Fault{Kind: network.BlackHole}); err != nil {
			t.Fatal(err)
		}
		talk(t, b.mustDial(t, address))
	})
}

// Next counts the connections that have the fault.
func TestNext(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "server/0").String()
	undo, err := b.Break(network.Link{}, network.Fault{Kind: network.FailConnect, Next: 2})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 4 {
		_, status := b.dial(t, address)
		got = append(got, status[:3])
	}
	undo()
	if diff := cmp.Diff([]string{"502", "502", "200", "200"}, got); diff != "" {
		t.Errorf("dials (-want +got):\n%s", diff)
	}
	if what := facts[timeline.Fault](b.tl, 0)[0].What; what != "the next 2 connections are answered 502" {
		t.Errorf("the timeline says %q", what)
	}
}

// One seed has the same connections hit, open and new ones; another has others.
func TestFraction(t *testing.T) {
	const of = 24
	run := func(t *testing.T, fault network.Fault) (hit string) {
		b := newBed(t)
		address := b.echo(t, "server/0").String()
		var conns []net.Conn
		if fault.Connections == network.Open {
			for range of {
				conns = append(conns, b.mustDial(t, address))
			}
		}
		if _, err := b.Break(network.Link{}, fault); err != nil {
			t.Fatal(err)
		}
		for len(conns) < of {
			conns = append(conns, b.mustDial(t, address))
		}
		for _, conn := range conns {
			hit += map[bool]string{true: "x", false: "."}[say(conn) != nil]
			conn.Close()
		}
		if what := facts[timeline.Fault](b.tl, 0)[0].What; !strings.HasSuffix(what, fmt.Sprintf("(seed %d)", fault.Seed)) || !strings.HasPrefix(what, "50% of ") {
			t.Errorf("the timeline says %q, want the share and the seed", what)
		}
		return hit
	}
	for _, connections := range []network.Connections{"New", network.Open} {
		t.Run(string(connections), func(t *testing.T) {
			fault := network.Fault{Kind: network.Cut, Connections: connections, Fraction: 0.5, Seed: 7}
			first := run(t, fault)
			if !strings.Contains(first, "x") || !strings.Contains(first, ".") {
				t.Errorf("half of the connections: %s", first)
			}
			if again := run(t, fault); again != first {
				t.Errorf("with one seed, first %s and then %s", first, again)
			}
			fault.Seed = 8
			if other := run(t, fault); other == first {
				t.Errorf("two seeds hit the same: %s", first)
			}
		})
	}
	t.Run("no seed", func(t *testing.T) {
		b := newBed(t)
		if _, err := b.Break(network.Link{}, network.Fault{Kind: network.Refuse, Fraction: 0.1}); err != nil {
			t.Fatal(err)
		}
		var seed uint64
		what := facts[timeline.Fault](b.tl, 0)[0].What
		if _, err := fmt.Sscanf(what, "10%% of new connections are refused (seed %d)", &seed); err != nil || seed == 0 {
			t.Errorf("the timeline says %q, want the seed that was chosen", what)
		}
	})
}

// Faults of several kinds and links meet on one connection, and go one by one.
func TestFaultsCombine(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "server/0").String()
	conn := b.mustDial(t, address)
	breakLink := func(link network.Link, fault network.Fault) func() {
		undo, err := b.Break(link, fault)
		if err != nil {
			t.Fatal(err)
		}
		return undo
	}
	unfreeze := breakLink(network.Link{}, network.Fault{Kind: network.Freeze, Connections: network.All})
	unslice := breakLink(network.Link{To: "server/0"}, network.Fault{Kind: network.Slice, SliceBytes: 2, Delay: time.Hour})
	refill := breakLink(network.Link{}, network.Fault{Kind: network.BlackHole})
	admit := breakLink(network.Link{}, network.Fault{Kind: network.Refuse})
	if got := hello(t, conn, "nothing"); got != "nothing" {
		t.Errorf("frozen and sliced: %s", got)
	}
	if _, status := b.try(t, address, "nothing"); status != "nothing" {
		t.Errorf("black hole and refused: %s", status)
	}
	refill()
	if _, status := b.try(t, address, "503"); status != "503 nothing listens at "+address {
		t.Errorf("refused: %s", status)
	}
	unfreeze()
	if got := see(t, conn, "he"); got != "he" {
		t.Errorf("sliced: %s", got)
	}
	unslice()
	got := make([]byte, 3)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "llo" {
		t.Errorf("the rest: %q, %v", got, err)
	}
	if got := hello(t, conn, "hello"); got != "hello" {
		t.Errorf("no longer sliced: %s", got)
	}
	admit()
	talk(t, b.mustDial(t, address))
}

// What the server sees of a connection that a fault has ended.
func TestServerSeesTheFault(t *testing.T) {
	for _, tc := range []struct {
		fault network.Fault
		want  string
	}{
		{network.Fault{Kind: network.Cut}, "end"},
		{network.Fault{Kind: network.Reset}, "reset"},
	} {
		b := newBed(t)
		address := netip.AddrPortFrom(b.AllocateEndpoint(), 8443)
		listener, err := b.Listen("server/0", address)
		if err != nil {
			t.Fatal(err)
		}
		b.mustDial(t, address.String())
		far, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		reading := make(chan error)
		go func() {
			_, err := far.Read(make([]byte, 1))
			reading <- err
		}()
		if _, err := b.Break(network.Link{}, tc.fault); err != nil {
			t.Fatal(err)
		}
		first := <-reading
		_, second := far.Read(make([]byte, 1))
		for _, err := range []error{first, second} {
			switch {
			case tc.want == "end" && err == io.EOF:
			case tc.want == "reset" && errors.Is(err, syscall.ECONNRESET):
			default:
				t.Errorf("%s: the server reads %v, want %s", tc.fault.Kind, err, tc.want)
			}
		}
		if _, err := far.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: the server writes: %v", tc.fault.Kind, err)
		}
	}
}
