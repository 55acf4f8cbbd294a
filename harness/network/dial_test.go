// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/harness/timeline"
)

func TestDial(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "server/0")
	conn, err := b.Dial(t.Context(), "prober", address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	talk(t, conn)
	if got := conn.RemoteAddr().String(); got != address.String() {
		t.Errorf("the connection is to %s, want %s", got, address)
	}
	if host, _, _ := net.SplitHostPort(conn.LocalAddr().String()); !netip.MustParsePrefix("198.19.0.0/16").Contains(netip.MustParseAddr(host)) {
		t.Errorf("the connection is from %s, want a dialer's address", conn.LocalAddr())
	}
	want := []timeline.Dial{{From: "prober", Address: address.String(), To: "server/0", ID: 1}}
	if diff := cmp.Diff(want, facts[timeline.Dial](b.tl, 0)); diff != "" {
		t.Errorf("dials (-want +got):\n%s", diff)
	}
	if got := b.Cut(network.Link{From: "prober"}); got != 1 {
		t.Errorf("%d connections are from the client, want 1", got)
	}
	if got := see(t, conn, "end"); got != "end" {
		t.Errorf("after the cut the client sees %s", got)
	}
}

// A TLS client sends its request while the server refuses its certificate: it
// must get to read why.
func TestDialReadsWhatAPeerSaidBeforeItWent(t *testing.T) {
	b := newBed(t)
	address := netip.AddrPortFrom(b.AllocateEndpoint(), 8443)
	listener, err := b.Listen("server/0", address)
	if err != nil {
		t.Fatal(err)
	}
	var server sync.WaitGroup
	server.Go(func() {
		if conn, err := listener.Accept(); err == nil {
			// It reads nothing of what it was sent: the client's greeting is lost.
			_, _ = conn.Write([]byte("why"))
			conn.Close()
		}
	})
	t.Cleanup(func() { listener.Close(); server.Wait() })
	conn, err := b.Dial(t.Context(), "prober", address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("a greeting")); err != nil {
		t.Fatal(err)
	}
	await[timeline.Hangup](t, b.tl, 0, 1)
	if n, err := conn.Write([]byte("a request")); n != len("a request") || err != nil {
		t.Errorf("a write after the peer is gone returns %d, %v, want all of it taken, as TCP does", n, err)
	}
	// Whether it ended in order or not is another matter.
	if said, _ := io.ReadAll(conn); string(said) != "why" {
		t.Errorf("read %q, want what the peer said", said)
	}
}

func TestDialRefused(t *testing.T) {
	cases := []struct {
		name    string
		fault   network.Fault
		address string
		want    string
		reason  string
	}{
		{
			name: "unknown", address: "198.18.9.9:1", want: "nothing listens at 198.18.9.9:1",
			reason: "what the timeline says",
		},
		{
			name: "no address", address: "server:1", want: `the host of "server:1" is not an IP address; this network has no DNS`,
			reason: "this is not recorded, as nothing was dialed",
		},
		{
			name: "refused", fault: network.Fault{Kind: network.Refuse},
			want: "refused, as a fault asks for (prober to everything)", reason: "the fault is named",
		},
		{
			name: "failed", fault: network.Fault{Kind: network.FailConnect},
			want: "answered 502, as a fault asks for (prober to everything)", reason: "the fault is named",
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			b := newBed(t)
			address := b.echo(t, "server/0").String()
			if tc.address != "" {
				address = tc.address
			}
			if tc.fault.Kind != "" {
				if _, err := b.Break(network.Link{From: "prober"}, tc.fault); err != nil {
					t.Fatal(err)
				}
			}
			conn, err := b.Dial(t.Context(), "prober", address)
			if want := "dial " + address + " as prober: " + tc.want; err == nil || err.Error() != want {
				t.Fatalf("got %v, %v, want the error %q: %s", conn, err, want, tc.reason)
			}
			for _, dial := range facts[timeline.Dial](b.tl, 0) {
				if dial.Err != tc.want {
					t.Errorf("the timeline says %q, want %q", dial.Err, tc.want)
				}
			}
		})
	}
}

// A dial ends with its context, the connection does not.
func TestDialContext(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "server/0").String()
	undo, err := b.Break(network.Link{}, network.Fault{Kind: network.BlackHole})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), moment)
	defer cancel()
	if _, err := b.Dial(ctx, "prober", address); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a dial into a black hole gives %v, want the context's error", err)
	}
	const want = "no answer, as a fault asks for (everybody to everything)"
	if got := await[timeline.Dial](t, b.tl, 0, 1)[0].Fact.Err; got != want {
		t.Errorf("the timeline says %q, want %q", got, want)
	}
	undo()
	ctx, cancel = context.WithCancel(t.Context())
	conn, err := b.Dial(ctx, "prober", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	talk(t, conn)
}

func TestDialClosedNetwork(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "server/0").String()
	conn, err := b.Dial(t.Context(), "prober", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if got := see(t, conn, "end"); got != "end" {
		t.Errorf("the client sees %s, want the end", got)
	}
	if _, err := b.Dial(t.Context(), "prober", address); err == nil || err.Error() != "dial "+address+" as prober: the network is closed" {
		t.Errorf("a dial on a closed network gives %v", err)
	}
}

// The way back has the faults too. Its dialer is connected before anybody can
// refuse it, so it is reset instead.
func TestRelayFaults(t *testing.T) {
	link := network.Link{From: "server"}
	cases := []struct {
		fault       network.Fault
		fresh, open string
		dial        string
		reason      string
	}{
		{network.Fault{Kind: network.Refuse}, "reset", "hello", "refused, as a fault asks for (server to everything)", "the nearest thing"},
		{network.Fault{Kind: network.FailConnect}, "reset", "hello", "answered 502, as a fault asks for (server to everything)", "there is no CONNECT here"},
		{network.Fault{Kind: network.BlackHole}, "nothing", "hello", "", "connected, and nothing comes"},
		{network.Fault{Kind: network.Freeze, Connections: network.All}, "nothing", "nothing", "", "both directions"},
		{network.Fault{Kind: network.Cut, Connections: "New"}, "end", "hello", "", "closed when it is established"},
		{network.Fault{Kind: network.Reset, Connections: network.All}, "reset", "reset", "", "TCP has a RST"},
		{network.Fault{Kind: network.Reset, AfterBytes: 8, Connections: network.All}, "hel", "hel", "", "and after some bytes"},
		{network.Fault{Kind: network.Limit, AfterBytes: 8}, "hel", "hel", "", "five there, three back"},
		{network.Fault{Kind: network.Delay, Delay: time.Hour}, "nothing", "nothing", "", "a long delay"},
		{network.Fault{Kind: network.Bandwidth, BytesPerSecond: 1}, "nothing", "nothing", "", "a byte a second"},
		{network.Fault{Kind: network.Slice, SliceBytes: 2, Delay: time.Hour, Direction: network.ToClient}, "he", "he", "", "the first piece"},
	}
	for _, tc := range cases {
		t.Run(string(tc.fault.Kind), func(t *testing.T) {
			b := newBed(t)
			upstream, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			echoOn(t, upstream)
			relay, err := b.Relay("server/0", upstream.Addr().String())
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
			open := dial()
			talk(t, open)
			since := b.tl.Mark()
			undo, err := b.Break(link, tc.fault)
			if err != nil {
				t.Fatal(err)
			}
			fresh := "reset"
			conn, err := net.Dial("tcp", relay.Addr())
			switch {
			case err == nil:
				fresh = hello(t, conn, tc.fresh)
				conn.Close()
			case tc.dial == "" || !errors.Is(err, syscall.ECONNRESET):
				// Only a refusal may be as quick as that.
				t.Fatal(err)
			}
			if fresh != tc.fresh {
				t.Errorf("a new connection: %s, want %s: %s", fresh, tc.fresh, tc.reason)
			}
			if got := hello(t, open, tc.open); got != tc.open {
				t.Errorf("the open connection: %s, want %s: %s", got, tc.open, tc.reason)
			}
			if tc.dial != "" {
				if got := await[timeline.Dial](t, b.tl, since, 1)[0].Fact.Err; got != tc.dial {
					t.Errorf("the timeline says %q, want %q", got, tc.dial)
				}
			}
			undo()
			talk(t, dial())
			// A server that is not reached any more has no reason to stay.
			b.Close()
		})
	}
}

// A real HTTP server, whose deadlines and reads in the background meet a frozen
// connection, goes on when the fault is undone.
func TestHTTPThroughFreeze(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		b := newBed(t)
		address := netip.AddrPortFrom(b.AllocateEndpoint(), 8443)
		listener, err := b.Listen("server/0", address)
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, 300<<10)
		for i := range body {
			body[i] = byte(i >> 4)
		}
		client := b.serveHTTPS(t, listener, address.String(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := w.Write(body); err != nil && r.URL.Path != "/dropped" {
				t.Errorf("the server writes: %v", err)
			}
		}))
		if !http2 {
			transport := client.Transport.(*http.Transport)
			transport.ForceAttemptHTTP2 = false
			transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
		}
		get := func(ctx context.Context, path string) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://server"+path, nil)
			if err != nil {
				return err
			}
			response, err := client.Do(request)
			if err != nil {
				return err
			}
			defer response.Body.Close()
			got, err := io.ReadAll(response.Body)
			if err == nil && string(got) != string(body) {
				err = errors.New("another body")
			}
			return err
		}
		if err := get(t.Context(), "/first"); err != nil {
			t.Fatal(err)
		}
		for _, direction := range []network.Direction{"", network.ToServer, network.ToClient} {
			undo, err := b.Break(network.Link{}, network.Fault{Kind: network.Freeze, Direction: direction, Connections: network.All})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), moment)
			if err := get(ctx, "/dropped"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("HTTP/2 %t, frozen %s: %v, want no answer", http2, direction, err)
			}
			cancel()
			time.AfterFunc(moment, undo)
			if err := get(t.Context(), "/waits"); err != nil {
				t.Errorf("HTTP/2 %t, frozen %s and undone: %v", http2, direction, err)
			}
		}
	}
}
