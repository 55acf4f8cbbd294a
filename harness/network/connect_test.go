// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aggtest/aggtest/harness/timeline"
)

func TestConnectRefuses(t *testing.T) {
	b := newBed(t)
	cases := []struct {
		name, request  string
		status         string
		address, cause string
		reason         string
	}{
		{
			name: "garbage", request: "open sesame\r\n\r\n",
			status: `400 malformed HTTP request "open sesame"; send CONNECT host:port HTTP/1.1`,
			cause:  `malformed HTTP request "open sesame"; send CONNECT host:port HTTP/1.1`,
			reason: "whoever speaks something else is told what to say",
		},
		{
			name: "TLS", request: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
			status: `400 malformed HTTP request "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"; send CONNECT host:port HTTP/1.1`,
			cause:  `malformed HTTP request "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"; send CONNECT host:port HTTP/1.1`,
			reason: "the status line holds no control characters",
		},
		{
			name: "GET", request: "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
			status: "405 the method is GET; only CONNECT is known here", address: "/",
			cause: "the method is GET; only CONNECT is known here", reason: "this is no forward proxy",
		},
		{
			name: "huge header", request: "CONNECT 10.0.0.1:443 HTTP/1.1\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
			status: "431 the request is longer than 16384 bytes", cause: "the request is longer than 16384 bytes",
			reason: "memory is bounded",
		},
		{
			name: "endless line", request: "CONNECT " + strings.Repeat("1", 1<<20),
			status: "431 the request is longer than 16384 bytes", cause: "the request is longer than 16384 bytes",
			reason: "memory is bounded before the first line ends, too",
		},
		{
			name: "name", request: "CONNECT localhost:443 HTTP/1.1\r\nHost: x\r\n\r\n",
			status:  `502 the host of "localhost:443" is not an IP address; this network has no DNS`,
			address: "localhost:443", cause: `the host of "localhost:443" is not an IP address; this network has no DNS`,
			reason: "an ExternalName Service leads here",
		},
		{
			name: "loopback", request: "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
			status: "503 nothing listens at 127.0.0.1:22", address: "127.0.0.1:22",
			cause:  "nothing listens at 127.0.0.1:22, and no cluster's Services are known yet",
			reason: "the machine's own ports are not on this network",
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			since := b.tl.Mark()
			_, status, body := b.ask(t, tc.request)
			if status != tc.status {
				t.Errorf("the status is %q, want %q: %s", status, tc.status, tc.reason)
			}
			if _, says, _ := strings.Cut(status, " "); body != says+"\n" {
				t.Errorf("the body is %q, want the status line's phrase %q", body, says)
			}
			want := []timeline.Dial{{From: apiServer, Address: tc.address, Err: tc.cause}}
			if diff := cmp.Diff(want, facts[timeline.Dial](b.tl, since)); diff != "" {
				t.Errorf("the timeline (-want +got):\n%s", diff)
			}
		})
	}
	if got := facts[timeline.Hangup](b.tl, 0); got != nil {
		t.Errorf("hang-ups of connections that never were: %v", got)
	}
}

// A dialer that leaves without a word is no dial.
func TestConnectAndLeave(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "server/0")
	b.open(t).Close()
	talk(t, b.mustDial(t, address.String()))
	if got := facts[timeline.Dial](b.tl, 0); len(got) != 1 {
		t.Errorf("dials: %v, want the one that asked for something", got)
	}
}

// What the dialer sends together with its CONNECT is for the server.
func TestEarlyBytes(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "server/0")
	conn, status, _ := b.ask(t, "CONNECT "+address.String()+" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nearly")
	if !strings.HasPrefix(status, "200 ") {
		t.Fatal(status)
	}
	if _, err := io.WriteString(conn, " bird"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len("early bird"))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "early bird" {
		t.Errorf("got back %q, %v, want %q", got, err, "early bird")
	}
	conn.Close()
	hangup := await[timeline.Hangup](t, b.tl, 0, 1)[0].Fact
	if hangup.Sent != 10 || hangup.Received != 10 {
		t.Errorf("%d bytes there and %d back, want 10 and 10", hangup.Sent, hangup.Received)
	}
}

// facts returns the facts of a kind without their times.
func facts[F timeline.Fact](tl *timeline.Timeline, since timeline.Mark) []F {
	var found []F
	for _, entry := range timeline.Of[F](tl, since) {
		found = append(found, entry.Fact)
	}
	return found
}
