// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/harness/timeline"
)

func TestListenRefuses(t *testing.T) {
	b := newBed(t)
	taken := b.echo(t, "server/0")
	mapped := netip.AddrPortFrom(netip.AddrFrom16(taken.Addr().As16()), taken.Port())
	cases := []struct {
		address      netip.AddrPort
		says, reason string
	}{
		{taken, "server/0 is there already", "an address has one server"},
		{mapped, "server/0 is there already", "in whatever spelling"},
		{netip.AddrPort{}, "no address with a port", "the zero value"},
		{netip.AddrPortFrom(b.AllocateEndpoint(), 0), "no address with a port", "nobody would learn which port was chosen"},
	}
	for _, tc := range cases {
		if listener, err := b.Listen("server/1", tc.address); err == nil || !strings.Contains(err.Error(), tc.says) || listener != nil {
			t.Errorf("Listen at %s gives %v, error %v, want %q: %s", tc.address, listener, err, tc.says, tc.reason)
		}
		if closer, err := b.Forward("server/1", tc.address, "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), tc.says) || closer != nil {
			t.Errorf("Forward at %s gives %v, error %v, want %q: %s", tc.address, closer, err, tc.says, tc.reason)
		}
	}
	if _, err := b.Forward("server/1", netip.AddrPortFrom(b.AllocateEndpoint(), 1), "192.0.2.1:443"); err == nil || !strings.Contains(err.Error(), "nothing may leave this machine") {
		t.Errorf("Forward to another machine gives error %v", err)
	}
	if _, err := b.Relay("server/1", "192.0.2.1:443"); err == nil || !strings.Contains(err.Error(), "nothing may leave this machine") {
		t.Errorf("Relay to another machine gives error %v", err)
	}
}

// Closing a listener is what a server does first when it stops: what it has
// accepted goes on, what it has not is dropped, and what comes is refused.
func TestListenerClose(t *testing.T) {
	b := newBed(t)
	address := netip.AddrPortFrom(b.AllocateEndpoint(), 8443)
	listener, err := b.Listen("server/0", address)
	if err != nil {
		t.Fatal(err)
	}
	if listener.Addr().String() != address.String() {
		t.Errorf("the listener is at %s, want %s", listener.Addr(), address)
	}
	near := b.mustDial(t, address.String())
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	waiting := b.mustDial(t, address.String())

	for range 2 {
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept gives error %v, want net.ErrClosed, which an http.Server expects", err)
	}
	if _, err := waiting.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection that nobody accepted: %v, want its end", err)
	}
	if _, status := b.dial(t, address.String()); status != "503 nothing listens at "+address.String() {
		t.Errorf("a new connection: %s", status)
	}
	if _, err := io.WriteString(near, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(far, make([]byte, 1)); err != nil {
		t.Errorf("the accepted connection: %v, want it to go on", err)
	}
	if err := far.Close(); err != nil {
		t.Error(err)
	}
	if err := far.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the second Close gives error %v, want net.ErrClosed", err)
	}
	b.echoAt(t, "server/0", address)
	talk(t, b.mustDial(t, address.String()))
}

func TestBacklog(t *testing.T) {
	b := newBed(t)
	address := netip.AddrPortFrom(b.AllocateEndpoint(), 8443)
	if _, err := b.Listen("server/0", address); err != nil {
		t.Fatal(err)
	}
	for range 128 {
		b.mustDial(t, address.String())
	}
	const want = "503 server/0 does not accept its connections: 128 are waiting"
	if _, status := b.dial(t, address.String()); status != want {
		t.Errorf("one more: %s, want %s", status, want)
	}
}

// Each side may end its direction and go on in the other.
func TestHalfClose(t *testing.T) {
	local := func(t *testing.T, networkName, address string) string {
		listener, err := net.Listen(networkName, address)
		if err != nil {
			t.Fatal(err)
		}
		echoOn(t, listener)
		return listener.Addr().String()
	}
	cases := []struct {
		name   string
		attach func(t *testing.T, b *bed) (dial func() net.Conn)
	}{
		{"in this process", func(t *testing.T, b *bed) func() net.Conn {
			address := b.echo(t, "server/0").String()
			return func() net.Conn { return b.mustDial(t, address) }
		}},
		{"forwarded to TCP", func(t *testing.T, b *bed) func() net.Conn {
			address := netip.AddrPortFrom(b.AllocateEndpoint(), 8443)
			if _, err := b.Forward("server/0", address, local(t, "tcp", "127.0.0.1:0")); err != nil {
				t.Fatal(err)
			}
			return func() net.Conn { return b.mustDial(t, address.String()) }
		}},
		{"forwarded to a UNIX socket", func(t *testing.T, b *bed) func() net.Conn {
			address := netip.AddrPortFrom(b.AllocateEndpoint(), 8443)
			if _, err := b.Forward("server/0", address, local(t, "unix", socketPath(t))); err != nil {
				t.Fatal(err)
			}
			return func() net.Conn { return b.mustDial(t, address.String()) }
		}},
		{"by a relay", func(t *testing.T, b *bed) func() net.Conn {
			relay, err := b.Relay("server/0", local(t, "tcp", "127.0.0.1:0"))
			if err != nil {
				t.Fatal(err)
			}
			return func() net.Conn {
				conn, err := net.Dial("tcp", relay.Addr())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { conn.Close() })
				return conn
			}
		}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			b := newBed(t)
			conn := tc.attach(t, b)()
			const much = 1 << 20
			var owned sync.WaitGroup
			owned.Go(func() {
				if _, err := io.WriteString(conn, strings.Repeat("a", much)); err != nil {
					t.Error(err)
				}
				if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
					t.Error(err)
				}
			})
			// The echo ends only after the end of what was sent came through.
			got, err := io.ReadAll(conn)
			if err != nil || len(got) != much {
				t.Errorf("%d bytes came back, %v, want %d", len(got), err, much)
			}
			owned.Wait()
			hangup := await[timeline.Hangup](t, b.tl, 0, 1)[0].Fact
			if hangup.Sent != much || hangup.Received != much || hangup.Reason != "closed" {
				t.Errorf("the hang-up is %+v, want %d bytes in both directions and reason closed", hangup, much)
			}
		})
	}
}

func TestForward(t *testing.T) {
	b := newBed(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	echoOn(t, listener)
	address := netip.AddrPortFrom(b.AllocateEndpoint(), 8443)
	closer, err := b.Forward("server/0", address, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn := b.mustDial(t, address.String())
	talk(t, conn)

	listener.Close()
	if _, status := b.dial(t, address.String()); status != "502 nothing listens at "+listener.Addr().String() {
		t.Errorf("with the server gone: %s", status)
	}
	dials := facts[timeline.Dial](b.tl, 0)
	if len(dials) != 2 || !strings.Contains(dials[1].Err, "where server/0 should be: ") || !strings.Contains(dials[1].Err, "connection refused") {
		t.Errorf("dials: %v, want the second to say why", dials)
	}
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	if _, status := b.dial(t, address.String()); status != "503 nothing listens at "+address.String() {
		t.Errorf("detached: %s", status)
	}
	talk(t, conn)
	if got := b.Cut(network.Link{To: "server"}); got != 1 {
		t.Errorf("%d connections were cut, want 1", got)
	}
	if err := say(conn); err == nil {
		t.Error("the connection outlives the cut")
	}
}

func TestRelay(t *testing.T) {
	b := newBed(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	echoOn(t, listener)
	target := listener.Addr().String()
	relay, err := b.Relay("server/0", target)
	if err != nil {
		t.Fatal(err)
	}
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", relay.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	// The reset of a refused connection may come before the dial returns or after.
	try := func() error {
		conn, err := net.Dial("tcp", relay.Addr())
		if err != nil {
			return err
		}
		defer conn.Close()
		return say(conn)
	}
	first := dial()
	talk(t, first)

	back := network.Link{From: "server", To: target}
	undo := b.Refuse(back)
	if err := try(); err == nil {
		t.Error("a new connection came through a link that is refused")
	}
	await[timeline.Dial](t, b.tl, 0, 2)
	talk(t, first)
	undo()
	if got := b.Cut(back); got != 1 {
		t.Errorf("%d connections were cut, want 1", got)
	}
	talk(t, dial())
	listener.Close()
	if err := try(); err == nil {
		t.Error("a connection came through to a server that is gone")
	}
	await[timeline.Dial](t, b.tl, 0, 4)
	for range 2 {
		if err := relay.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if conn, err := net.Dial("tcp", relay.Addr()); err == nil {
		conn.Close()
		t.Error("the relay's port is open after Close")
	}

	dials := facts[timeline.Dial](b.tl, 0)
	if !strings.Contains(dials[3].Err, "connection refused") {
		t.Errorf("the last dial says %q, want connection refused", dials[3].Err)
	}
	dials[3].Err = "gone"
	want := []timeline.Dial{
		{From: "server/0", Address: target, To: target, ID: 1},
		{From: "server/0", Address: target, Err: "refused, as a fault asks for (server to " + target + ")"},
		{From: "server/0", Address: target, To: target, ID: 2},
		{From: "server/0", Address: target, Err: "gone"},
	}
	if diff := cmp.Diff(want, dials); diff != "" {
		t.Errorf("dials (-want +got):\n%s", diff)
	}
	hangups := []timeline.Hangup{
		{ID: 1, From: "server/0", To: target, Sent: 10, Received: 10, Reason: "cut"},
		{ID: 2, From: "server/0", To: target, Sent: 5, Received: 5, Reason: "stopped"},
	}
	if diff := cmp.Diff(hangups, facts[timeline.Hangup](b.tl, 0), cmpopts.IgnoreFields(timeline.Hangup{}, "Open")); diff != "" {
		t.Errorf("hang-ups (-want +got):\n%s", diff)
	}
}

// A network that is closed in the middle of everything leaves nothing: goleak
// looks for goroutines, and this for the rest.
func TestCloseInTheMiddle(t *testing.T) {
	b := newBed(t)
	b.follow(t)
	address := b.echo(t, "server/0").String()
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	echoOn(t, upstream)
	forwarded := netip.AddrPortFrom(b.AllocateEndpoint(), 8443)
	if _, err := b.Forward("server/1", forwarded, upstream.Addr().String()); err != nil {
		t.Fatal(err)
	}
	relay, err := b.Relay("server/0", upstream.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.Dial("tcp", relay.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	talk(t, back)
	conns := map[string]net.Conn{
		"in process": b.mustDial(t, address), "forwarded": b.mustDial(t, forwarded.String()), "relayed": back, "silent": b.open(t),
	}
	waiting := b.open(t)
	if _, err := io.WriteString(waiting, "CONNECT 10.0.0.7:443 HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	conns["waiting for an address"] = waiting

	var owned sync.WaitGroup
	for range 3 {
		owned.Go(func() {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
			if got := b.Connections(network.Link{}); got != 0 {
				t.Errorf("%d connections are open when Close returns", got)
			}
		})
	}
	owned.Wait()
	for name, conn := range conns {
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("the %s connection outlives the network: %d bytes", name, n)
		}
	}
	hangups := facts[timeline.Hangup](b.tl, 0)
	if len(hangups) != 3 {
		t.Errorf("hang-ups: %v, want those of the three connections that reached somebody", hangups)
	}
	for _, hangup := range hangups {
		if hangup.Reason != "stopped" {
			t.Errorf("a hang-up has reason %q, want stopped", hangup.Reason)
		}
	}
	if _, err := b.Egress("late", filepath.Join(filepath.Dir(b.socket), "late.sock")); err == nil {
		t.Error("an egress was opened on a closed network")
	}
	if _, err := b.Relay("late", "127.0.0.1:1"); err == nil {
		t.Error("a relay was opened on a closed network")
	}
	if _, err := b.Listen("late/0", netip.AddrPortFrom(b.AllocateEndpoint(), 1)); err == nil {
		t.Error("a server was attached to a closed network")
	}
}

// Connections come, go, are cut and refused all at once: each dial that reached
// somebody has its one hang-up in the end.
func TestManyAtOnce(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "server/0").String()
	var owned sync.WaitGroup
	for range 8 {
		owned.Go(func() {
			for range 50 {
				conn, err := net.Dial("unix", b.socket)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(conn, "CONNECT "+address+" HTTP/1.1\r\nHost: x\r\n\r\n")
				_, _ = conn.Read(make([]byte, 100))
				conn.Close()
			}
		})
	}
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		for range 50 {
			b.Refuse(network.Link{To: "server"})()
			b.Cut(network.Link{To: "server/0"})
		}
	}()
	owned.Wait()
	<-cut
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	open, ids := map[uint64]bool{}, 0
	for _, entry := range b.tl.Since(0) {
		switch fact := entry.Fact.(type) {
		case timeline.Dial:
			if fact.ID != 0 {
				if open[fact.ID] {
					t.Errorf("two dials have ID %d", fact.ID)
				}
				open[fact.ID] = true
				ids++
			}
		case timeline.Hangup:
			if !open[fact.ID] {
				t.Errorf("a hang-up of connection %d, which is not open", fact.ID)
			}
			delete(open, fact.ID)
		}
	}
	if len(open) != 0 || ids == 0 {
		t.Errorf("%d of %d connections have no hang-up", len(open), ids)
	}
}
