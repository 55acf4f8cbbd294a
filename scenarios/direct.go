// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/scenarios/internal/expression"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// directClient asks a server past the aggregator, with the certificate that the
// scenario says.
func (w *world) directClient(r *v1alpha1.Request) (*client, error) {
	s, err := w.server(r.Server)
	if err != nil {
		return nil, err
	}
	user, err := w.user(r.As)
	if err != nil {
		return nil, err
	}
	who := harness.DirectIdentity{User: user.Name, Groups: user.Groups}
	if r.Certificate != v1alpha1.DirectNone {
		who.Certificate = harness.DirectCertificate(r.Certificate)
	}
	transport, base, err := s.harness.Client(r.Replica, who)
	if err != nil {
		return nil, err
	}
	return &client{apiServer: s.given.Name, base: base, http: transport}, nil
}

// defaultSend is what is sent over an upgraded connection.
const defaultSend = "hello"

// upgrade asks a kube-apiserver for the connection itself, sends the text and
// reads as much back. The body of the response is what came.
func (c *client) upgrade(ctx context.Context, r *v1alpha1.Request) expression.Response {
	fail := func(err error) expression.Response {
		return expression.Response{APIServer: c.apiServer, Error: err.Error()}
	}
	connection, err := c.dial(ctx)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = connection.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = connection.Close() })
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+r.Get, nil)
	if err != nil {
		return fail(err)
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", r.Upgrade)
	if strings.EqualFold(r.Upgrade, "websocket") {
		// RFC 6455, section 4.1. The key is its own example's, and no secret.
		request.Header.Set("Sec-WebSocket-Version", "13")
		request.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	}
	for name, value := range r.Headers {
		request.Header.Set(name, value)
	}
	if err := request.Write(connection); err != nil {
		return fail(fmt.Errorf("ask for the upgrade: %w", err))
	}
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return fail(fmt.Errorf("read the answer to the upgrade: %w", err))
	}
	defer func() { _ = response.Body.Close() }()
	answer := reply{code: response.StatusCode, header: response.Header}
	if response.StatusCode != http.StatusSwitchingProtocols {
		answer.body, err = io.ReadAll(io.LimitReader(response.Body, answerLimit))
		return responseOf(c.apiServer, answer, err)
	}
	sent := r.Send
	if sent == "" {
		sent = defaultSend
	}
	if _, err := io.WriteString(connection, sent); err != nil {
		return responseOf(c.apiServer, answer, fmt.Errorf("send over the upgraded connection: %w", err))
	}
	answer.body = make([]byte, len(sent))
	n, err := io.ReadFull(reader, answer.body)
	answer.body = answer.body[:n]
	return responseOf(c.apiServer, answer, err)
}

// dial opens a connection of HTTP/1.1 to the kube-apiserver as the client's user:
// HTTP/2 has no upgrade.
func (c *client) dial(ctx context.Context) (net.Conn, error) {
	config := rest.CopyConfig(c.config)
	config.NextProtos = []string{"http/1.1"}
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", c.apiServer, err)
	}
	dialer := tls.Dialer{Config: tlsConfig}
	connection, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(c.base, "https://"))
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", c.apiServer, err)
	}
	return connection, nil
}
