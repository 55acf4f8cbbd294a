// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

// FuzzConnect sends arbitrary bytes to an egress. Whoever sent any is answered by
// an HTTP response, which is 200 exactly when somebody was reached, and recorded
// once. Nothing of the connection outlives the network.
func FuzzConnect(f *testing.F) {
	for _, seed := range []string{
		"",
		"\r\n",
		"CONNECT 198.18.0.1:8443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		"CONNECT 198.18.0.1:8443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nearly",
		"CONNECT 198.18.0.1:8443 HTTP/1.0\r\n\r\n",
		"CONNECT [::ffff:198.18.0.1]:8443 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"CONNECT 198.18.0.1:8443 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"CONNECT 198.18.0.2:8443 HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT localhost:443 HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"CONNECT 198.18.0.1:8443 HTTP/1.1\r\nX: " + strings.Repeat("x", 17<<10),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		b := newBed(t)
		b.echoAt(t, "server/0", netip.MustParseAddrPort("198.18.0.1:8443"))
		conn, err := net.Dial("unix", b.socket)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		// What is refused before it was read whole cannot be written whole, or is
		// answered by a reset after the answer.
		_, _ = conn.Write(request)
		_ = conn.(*net.UnixConn).CloseWrite()
		var answer bytes.Buffer
		if _, err := io.Copy(&answer, conn); err != nil && answer.Len() == 0 {
			t.Fatalf("%q is not answered: %v", request, err)
		}
		if len(request) == 0 {
			if answer.Len() > 0 {
				t.Fatalf("nothing was asked, and the answer is %q", answer.Bytes())
			}
			return
		}
		response, err := http.ReadResponse(bufio.NewReader(&answer), &http.Request{Method: http.MethodConnect})
		if err != nil {
			t.Fatalf("the answer to %q is no HTTP response: %v", request, err)
		}
		switch {
		case response.StatusCode == http.StatusOK:
			if !bytes.HasPrefix(request, []byte("CONNECT ")) {
				t.Errorf("%q got a connection", request)
			}
		case response.StatusCode < 400 || response.StatusCode > 599:
			t.Errorf("%q is answered %s, want 4xx or 5xx", request, response.Status)
		case strings.TrimSpace(strings.TrimPrefix(response.Status, response.Status[:3])) == "":
			t.Errorf("%q is refused without a reason", request)
		}
		// The network waits for whatever it has begun.
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		dials, hangups := facts[timeline.Dial](b.tl, 0), facts[timeline.Hangup](b.tl, 0)
		reached := response.StatusCode == http.StatusOK
		if len(dials) != 1 || (dials[0].Err == "") != reached {
			t.Errorf("%q is answered %s and recorded as %v", request, response.Status, dials)
		}
		if (len(hangups) == 1) != reached {
			t.Errorf("%q is answered %s and its end recorded as %v", request, response.Status, hangups)
		}
	})
}
