// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aggtest/aggtest/harness/pki"
)

// Scenario is who dials in the virtual network when a test or a scenario does it
// itself, past the aggregator.
const Scenario = "scenario"

// directHandshakeTimeout is what the aggregator gives a handshake:
// k8s.io/client-go@v0.37.2/transport/cache.go.
const directHandshakeTimeout = 10 * time.Second

// DirectCertificate says by what certificate a client makes itself known to a
// server.
type DirectCertificate string

const (
	// DirectNone shows no certificate. Who asks without any other proof is
	// anonymous, whatever X-Remote-User says.
	DirectNone DirectCertificate = ""
	// DirectFrontProxy is as good as the aggregator's own: signed by the authority
	// of --requestheader-client-ca-file, for the name in
	// --requestheader-allowed-names. The server takes the client for whom
	// X-Remote-User says.
	DirectFrontProxy DirectCertificate = "FrontProxy"
	// DirectNotAllowed is signed by the same authority for a name that is not
	// among the allowed: not-allowed-client. The server must not believe
	// X-Remote-User.
	DirectNotAllowed DirectCertificate = "NotAllowed"
	// DirectForged is for the front proxy's name, signed by a stranger who took the
	// name of the right authority. The server must not believe X-Remote-User.
	DirectForged DirectCertificate = "Forged"
	// DirectUser is a user's of --client-ca-file. The server takes the client for
	// that user, whatever X-Remote-User says.
	DirectUser DirectCertificate = "User"
)

// notAllowedUser is a name that no kube-apiserver of ours allows for a front
// proxy.
const notAllowedUser = "not-allowed-client"

// DirectIdentity is who comes to a server by himself. The zero value is nobody.
type DirectIdentity struct {
	// Certificate is what the client shows.
	Certificate DirectCertificate
	// User and Groups are whom the certificate is for when it is [DirectUser]'s,
	// and must be empty else. User must be set then.
	User   string
	Groups []string
}

func (d DirectIdentity) certificate(plane *pki.ControlPlane) (*pki.Certificate, error) {
	if d.Certificate != DirectUser && (d.User != "" || len(d.Groups) > 0) {
		return nil, fmt.Errorf("certificate %q is for nobody's user and groups; those of %q are", d.Certificate, DirectUser)
	}
	switch d.Certificate {
	case DirectNone:
		return nil, nil
	case DirectFrontProxy:
		return plane.FrontProxyClient()
	case DirectNotAllowed:
		return plane.FrontProxy.Client(notAllowedUser)
	case DirectForged:
		stranger, err := pki.NewAuthority(plane.FrontProxy.Certificate().Subject.CommonName)
		if err != nil {
			return nil, err
		}
		return stranger.Client(pki.FrontProxyUser)
	case DirectUser:
		return plane.Client.Client(d.User, d.Groups...)
	}
	return nil, fmt.Errorf("unknown certificate %q; known are %q (none), %s, %s, %s and %s", d.Certificate,
		DirectNone, DirectFrontProxy, DirectNotAllowed, DirectForged, DirectUser)
}

func (d DirectIdentity) String() string {
	return strings.Join(append([]string{string(d.Certificate), d.User}, slices.Sorted(slices.Values(d.Groups))...), "\x00")
}

// directClients are a server's clients by whom they are for and whom they trust.
type directClients map[string]*http.Client

// Client returns a client that goes straight to one replica, or to the Service
// when replica is -1, and the URL at which its requests start. It dials over the
// virtual network as [Scenario], verifies the server by the Service's name with
// what [Server.CABundle] is now, and speaks HTTP/2 when the server does. It
// follows no redirects and has no timeout but its requests' contexts.
//
// The same arguments give the same client, whose connections are kept and end
// with the server.
func (s *Server) Client(replica int, who DirectIdentity) (client *http.Client, baseURL string, err error) {
	address, err := s.directAddress(replica)
	if err != nil {
		return nil, "", fmt.Errorf("make a client of server %q: %w", s.config.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := address + "\x00" + strconv.Itoa(s.rotations) + "\x00" + who.String()
	if client = s.direct[key]; client == nil {
		certificate, err := who.certificate(s.cluster.pki)
		if err != nil {
			return nil, "", fmt.Errorf("make a client of server %q: %w", s.config.Name, err)
		}
		client = s.newDirectClient(address, certificate)
		if s.direct == nil {
			s.direct = directClients{}
		}
		s.direct[key] = client
	}
	return client, "https://" + address, nil
}

func (s *Server) directAddress(replica int) (string, error) {
	if replica == -1 {
		if s.clusterIP == "" {
			return "", fmt.Errorf("Service %s/%s has no cluster IP", s.config.Namespace, s.config.Service)
		}
		return net.JoinHostPort(s.clusterIP, strconv.Itoa(int(s.config.Port))), nil
	}
	chosen, err := s.choose(replica)
	if err != nil {
		return "", err
	}
	return netip.AddrPortFrom(chosen[0].address, targetPort).String(), nil
}

func (s *Server) newDirectClient(address string, certificate *pki.Certificate) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(s.authority.Certificate())
	config := &tls.Config{RootCAs: roots, ServerName: s.config.Service + "." + s.config.Namespace + ".svc"}
	if certificate != nil {
		pair := certificate.TLS()
		// By way of the function it is shown to servers, too, that say they take
		// only other authorities': a forger would not hold back.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return s.cluster.network.Dial(ctx, Scenario, address)
			},
			TLSClientConfig:     config,
			TLSHandshakeTimeout: directHandshakeTimeout,
			ForceAttemptHTTP2:   true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// closeDirectClients ends the connections that no request is on. Those that are
// in use end with the replicas.
func (s *Server) closeDirectClients(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, client := range s.direct {
		client.CloseIdleConnections()
	}
	s.direct = nil
	return nil
}
