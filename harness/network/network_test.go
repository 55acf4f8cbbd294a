// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/harness/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is far more than anything here takes, so that it only runs out when
// something hangs.
const patience = 10 * time.Second

const apiServer = "kube-apiserver-0"

// bed is a network with one egress.
type bed struct {
	*network.Network
	tl     *timeline.Timeline
	socket string
}

func newBed(t testing.TB) *bed {
	t.Helper()
	tl := &timeline.Timeline{}
	n := network.New(tl)
	b := &bed{Network: n, tl: tl, socket: socketPath(t)}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close the network: %v", err)
		}
	})
	if _, err := n.Egress(apiServer, b.socket); err != nil {
		t.Fatal(err)
	}
	return b
}

// socketPath is not below t.TempDir, which has the test's name in it and gets too
// long for a socket.
func socketPath(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "net")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "egress.sock")
}

// open connects to the egress and says nothing.
func (b *bed) open(t testing.TB) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", b.socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// ask writes the text to the egress and returns the connection and the answer's
// status line and body.
func (b *bed) ask(t testing.TB, text string) (conn net.Conn, status, body string) {
	t.Helper()
	conn = b.open(t)
	// What was refused before it was read whole cannot be written whole.
	_, _ = io.WriteString(conn, text)
	response, err := http.ReadResponse(bufio.NewReader(oneByOne{conn}), &http.Request{Method: http.MethodConnect})
	if err != nil {
		t.Fatalf("read the answer to %.60q: %v", text, err)
	}
	if response.StatusCode != http.StatusOK {
		rest, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("read the body of the answer to %.60q: %v", text, err)
		}
		body = string(rest)
	}
	return conn, response.Status, body
}

// oneByOne keeps a buffered reader from taking more than the headers.
type oneByOne struct{ io.Reader }

func (o oneByOne) Read(p []byte) (int, error) { return o.Reader.Read(p[:min(1, len(p))]) }

// dial does what a kube-apiserver does.
func (b *bed) dial(t testing.TB, address string) (conn net.Conn, status string) {
	t.Helper()
	conn, status, _ = b.ask(t, "CONNECT "+address+" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	return conn, status
}

// mustDial fails the test unless there is a connection.
func (b *bed) mustDial(t testing.TB, address string) net.Conn {
	t.Helper()
	conn, status := b.dial(t, address)
	if status != "200 Connection established" {
		t.Fatalf("CONNECT %s: %s", address, status)
	}
	return conn
}

// echo attaches a server that sends back what it gets, to the end, and closes.
func (b *bed) echo(t testing.TB, replica string) netip.AddrPort {
	t.Helper()
	address := netip.AddrPortFrom(b.AllocateEndpoint(), 8443)
	b.echoAt(t, replica, address)
	return address
}

func (b *bed) echoAt(t testing.TB, replica string, address netip.AddrPort) {
	t.Helper()
	listener, err := b.Listen(replica, address)
	if err != nil {
		t.Fatal(err)
	}
	echoOn(t, listener)
}

// echoOn serves the listener until the test ends.
func echoOn(t testing.TB, listener net.Listener) {
	t.Helper()
	var owned sync.WaitGroup
	owned.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			owned.Go(func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		owned.Wait()
	})
}

// talk sends a word over the connection and reads it back.
func talk(t testing.TB, conn net.Conn) {
	t.Helper()
	if err := say(conn); err != nil {
		t.Fatal(err)
	}
}

func say(conn net.Conn) error {
	const word = "hello"
	if _, err := io.WriteString(conn, word); err != nil {
		return err
	}
	got := make([]byte, len(word))
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if string(got) != word {
		return fmt.Errorf("sent %q, got back %q", word, got)
	}
	return nil
}

// await returns when the timeline holds as many entries of the kind.
func await[F timeline.Fact](t testing.TB, tl *timeline.Timeline, since timeline.Mark, count int) []timeline.Typed[F] {
	t.Helper()
	more := make(chan struct{}, 1)
	stop := tl.Listen(func(timeline.Entry) {
		select {
		case more <- struct{}{}:
		default:
		}
	})
	defer stop()
	late := time.After(patience)
	for {
		found := timeline.Of[F](tl, since)
		if len(found) >= count {
			return found
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("the timeline holds %d %T, want %d", len(found), *new(F), count)
		}
	}
}

// serveHTTPS has a real HTTP server with HTTP/2 answer on the listener, and
// returns a client that dials the address through the egress.
func (b *bed) serveHTTPS(t testing.TB, listener net.Listener, address string, handler http.Handler) *http.Client {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listener
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return b.client(t, server.Certificate().DNSNames[0], server.Client().Transport.(*http.Transport).TLSClientConfig, address)
}

func (b *bed) client(t testing.TB, name string, config *tls.Config, address string) *http.Client {
	config = config.Clone()
	config.ServerName = name
	transport := &http.Transport{
		TLSClientConfig:   config,
		ForceAttemptHTTP2: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			conn, status := b.dial(t, address)
			if status != "200 Connection established" {
				return nil, fmt.Errorf("CONNECT %s: %s", address, status)
			}
			return conn, conn.SetDeadline(time.Time{})
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}
