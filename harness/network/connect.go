// SPDX-License-Identifier: Apache-2.0

package network

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const (
	// connectWithin is how long a dialer may take to say where to. A kube-apiserver
	// writes its CONNECT in the same breath as it connects
	// (k8s.io/apiserver@v0.37.2/pkg/server/egressselector/egress_selector.go:113),
	// and gives up a TLS handshake after 10 s
	// (k8s.io/client-go@v0.37.2/transport/cache.go:149): who is silent for longer
	// is no longer there.
	connectWithin = 10 * time.Second

	// longestConnect bounds the request in bytes. A kube-apiserver's has two short
	// lines; more than this is no CONNECT of its.
	longestConnect = 16 << 10
)

// refusal is why a dial gets no connection.
type refusal struct {
	// code is the HTTP status.
	code int
	// says is what the dialer is told. It stands in the APIService's message, and
	// must be the same at each try: a message that varies makes the availability
	// controller check again at once, for ever.
	says string
	// cause is what the timeline is told, when there is more to tell.
	cause string
	// mayCome is true when the next event of a watch could change it.
	mayCome bool
}

func (r *refusal) record() string {
	if r.cause != "" {
		return r.cause
	}
	return r.says
}

// errSilent is a dialer that went away without a word.
var errSilent = errors.New("nothing was asked")

// readConnect reads the request and returns what it asks for. The target is the
// text as sent, also when there is a refusal; errSilent means that there is
// nobody to answer.
func readConnect(c *conn) (target string, address netip.AddrPort, refused *refusal, err error) {
	if err := c.halfCloser.SetReadDeadline(time.Now().Add(connectWithin)); err != nil {
		return "", address, nil, errSilent
	}
	limited := &io.LimitedReader{R: c.halfCloser, N: longestConnect}
	reader := bufio.NewReader(limited)
	if _, err := reader.Peek(1); err != nil {
		return "", address, nil, errSilent
	}
	request, err := http.ReadRequest(reader)
	switch {
	case err != nil && limited.N == 0:
		return "", address, &refusal{
			code: http.StatusRequestHeaderFieldsTooLarge,
			says: fmt.Sprintf("the request is longer than %d bytes", longestConnect),
		}, nil
	case err != nil:
		return "", address, &refusal{code: http.StatusBadRequest, says: fmt.Sprintf("%.200v; send CONNECT host:port HTTP/1.1", err)}, nil
	case request.Method != http.MethodConnect:
		return request.RequestURI, address, &refusal{
			code: http.StatusMethodNotAllowed,
			says: fmt.Sprintf("the method is %s; only CONNECT is known here", request.Method),
		}, nil
	}
	if err := c.halfCloser.SetReadDeadline(time.Time{}); err != nil {
		return "", address, nil, errSilent
	}
	if sent := reader.Buffered(); sent > 0 {
		c.early, _ = reader.Peek(sent)
	}
	target = request.RequestURI
	if address, err = parseTarget(target); err != nil {
		return target, address, &refusal{code: http.StatusBadGateway, says: err.Error()}, nil
	}
	return target, address, nil, nil
}

// parseTarget reads the host:port of a CONNECT. The host must be an address:
// the virtual network has no DNS.
func parseTarget(target string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not host:port", target)
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return netip.AddrPort{}, fmt.Errorf("the host of %q is not an IP address; this network has no DNS", target)
	}
	address, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	if err != nil || address.Port() == 0 {
		return netip.AddrPort{}, fmt.Errorf("the port of %q is not 1 to 65535", target)
	}
	if address.Addr().Zone() != "" {
		return netip.AddrPort{}, fmt.Errorf("the host of %q has a zone; there are no link-local addresses here", target)
	}
	return plain(address), nil
}

// plain writes an IPv4 address that came as ::ffff:a.b.c.d as a.b.c.d.
func plain(address netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
}

// accept tells the dialer that it has its connection.
func (c *conn) accept() error {
	_, err := io.WriteString(c.halfCloser, "HTTP/1.1 200 Connection established\r\n\r\n")
	return err
}

// refuse tells the dialer why not. The reason is the status line's phrase as
// well, since a kube-apiserver passes on that line and nothing else
// (k8s.io/apiserver@v0.37.2/pkg/server/egressselector/egress_selector.go:127).
func (c *conn) refuse(r *refusal) {
	phrase := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, r.says)
	// A dialer that has gone does not read it; the timeline has it all the same.
	_, _ = fmt.Fprintf(c.halfCloser, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s\n",
		r.code, phrase, len(r.says)+1, r.says)
}
