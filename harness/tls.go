// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aggtest/aggtest/harness/timeline"
)

// ClientCertificate says whether a replica asks its clients for a certificate.
type ClientCertificate string

const (
	// ClientCertificateRequested asks for one and takes whatever comes, none
	// included, as servers on k8s.io/apiserver do
	// (k8s.io/apiserver@v0.37.2/pkg/server/secure_serving.go): the front proxy shows
	// its own, and health checks have none. Empty means this.
	ClientCertificateRequested ClientCertificate = "Requested"
	// ClientCertificateNotRequested never asks. The aggregator's stays in its
	// pocket, and a server that trusts the X-Remote-User header of nobody else
	// takes its requests for those of nobody.
	ClientCertificateNotRequested ClientCertificate = "NotRequested"
	// ClientCertificateRequired refuses who has none. In TLS 1.3 the client has
	// done its part of the handshake by then, and sees "remote error: tls:
	// certificate required" or, when it is quick, that the connection ended under
	// its request; in TLS 1.2 it sees "remote error: tls: handshake failure". The
	// certificate need not be signed by anybody in particular: that is for the
	// handler to judge. The aggregator has one and notices nothing.
	ClientCertificateRequired ClientCertificate = "Required"
)

// TLS is how a server's replicas terminate TLS. The zero value is TLS 1.2 and
// 1.3 with Go's cipher suites, a client certificate that is requested, and
// HTTP/2 and HTTP/1.1 to choose from.
type TLS struct {
	// ClientCertificate says whether one is asked for. Empty means that it is
	// requested and not required.
	ClientCertificate ClientCertificate
	// MinVersion and MaxVersion are those of crypto/tls, such as
	// [tls.VersionTLS12]. 0 means TLS 1.2, or MaxVersion if that is lower, and TLS
	// 1.3. The aggregator offers 1.2 and 1.3
	// (k8s.io/client-go@v0.37.2/transport/transport.go:91); of a server that has
	// neither it says "remote error: tls: protocol version not supported".
	MinVersion, MaxVersion uint16
	// CipherSuites are those of crypto/tls that are taken in TLS 1.2. Those of 1.3
	// cannot be chosen, so MaxVersion 0 means TLS 1.2 when there are any. The
	// server's key is ECDSA: with suites that the client has not, or that are for
	// RSA keys only, the aggregator says "remote error: tls: handshake failure".
	// HTTP/2 forbids the suites without an AEAD (RFC 9113, section 9.2.2): with one
	// of those and no NextProtos the replica ends the connection after the
	// handshake, upon which the aggregator says one of several things, such as
	// "write: broken pipe". Nil means Go's own.
	CipherSuites []uint16
	// NextProtos are the protocols that the server has by ALPN. Nil means h2 and
	// http/1.1. Empty and not nil means that it has no ALPN, upon which the
	// aggregator speaks HTTP/1.1. Of a server that has neither of the two it says
	// "remote error: tls: no application protocol".
	NextProtos []string
}

func (t TLS) validate() error {
	var problems []error
	switch t.ClientCertificate {
	case "", ClientCertificateRequested, ClientCertificateNotRequested, ClientCertificateRequired:
	default:
		problems = append(problems, fmt.Errorf("client certificate %q: must be %s, %s or %s", t.ClientCertificate,
			ClientCertificateRequested, ClientCertificateNotRequested, ClientCertificateRequired))
	}
	for _, version := range []struct {
		field string
		value uint16
	}{{"min version", t.MinVersion}, {"max version", t.MaxVersion}} {
		if version.value != 0 && (version.value < tls.VersionTLS10 || version.value > tls.VersionTLS13) {
			problems = append(problems, fmt.Errorf("%s %#04x: must be one of TLS 1.0 to 1.3, %#04x to %#04x", version.field, version.value, tls.VersionTLS10, tls.VersionTLS13))
		}
	}
	minimum, maximum := t.versions()
	if minimum > maximum {
		problems = append(problems, fmt.Errorf("min version %s is above max version %s", tls.VersionName(minimum), tls.VersionName(maximum)))
	}
	if len(t.CipherSuites) > 0 && minimum == tls.VersionTLS13 || t.MaxVersion == tls.VersionTLS13 && t.CipherSuites != nil {
		problems = append(problems, errors.New("cipher suites cannot be chosen in TLS 1.3: max version must be at most TLS 1.2"))
	}
	known := slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites())
	for _, id := range t.CipherSuites {
		if !slices.ContainsFunc(known, func(suite *tls.CipherSuite) bool {
			return suite.ID == id && !slices.Equal(suite.SupportedVersions, []uint16{tls.VersionTLS13})
		}) {
			problems = append(problems, fmt.Errorf("cipher suite %#04x: crypto/tls has none of that number for TLS 1.2", id))
		}
	}
	if slices.Contains(t.NextProtos, "") {
		problems = append(problems, errors.New("next protocols: a name must not be empty"))
	}
	return errors.Join(problems...)
}

// errOwnTLS is why the TLS of a command cannot be chosen.
var errOwnTLS = errors.New("it is a command, whose TLS is its own: set it by the command's arguments")

func (t TLS) isZero() bool {
	return t.ClientCertificate == "" && t.MinVersion == 0 && t.MaxVersion == 0 && t.CipherSuites == nil && t.NextProtos == nil
}

func (t TLS) versions() (minimum, maximum uint16) {
	maximum = orDefault(t.MaxVersion, tls.VersionTLS13)
	if t.MaxVersion == 0 && t.CipherSuites != nil {
		maximum = tls.VersionTLS12
	}
	return orDefault(t.MinVersion, min(tls.VersionTLS12, maximum)), maximum
}

// String names what is unlike the zero value. It is empty when nothing is.
func (t TLS) String() string {
	var parts []string
	if orDefault(t.ClientCertificate, ClientCertificateRequested) != ClientCertificateRequested {
		parts = append(parts, "client certificate "+string(t.ClientCertificate))
	}
	if t.MinVersion != 0 {
		parts = append(parts, "at least "+tls.VersionName(t.MinVersion))
	}
	if _, maximum := t.versions(); maximum != tls.VersionTLS13 {
		parts = append(parts, "at most "+tls.VersionName(maximum))
	}
	for _, id := range t.CipherSuites {
		parts = append(parts, tls.CipherSuiteName(id))
	}
	switch {
	case t.NextProtos != nil && len(t.NextProtos) == 0:
		parts = append(parts, "no ALPN")
	case t.NextProtos != nil:
		parts = append(parts, "ALPN "+strings.Join(t.NextProtos, " "))
	}
	if len(parts) == 0 {
		return ""
	}
	return "TLS with " + strings.Join(parts, ", ")
}

// config is for the replica's listener. It holds no certificate: the replica is
// asked at each handshake.
func (t TLS) config(r *replica) *tls.Config {
	config := &tls.Config{
		GetCertificate: r.certificateFor,
		ClientAuth:     tls.RequestClientCert,
		CipherSuites:   t.CipherSuites,
		NextProtos:     t.NextProtos,
		// A client that resumes a session is not shown the certificate again, and
		// would not notice that it has changed.
		SessionTicketsDisabled: true,
	}
	config.MinVersion, config.MaxVersion = t.versions()
	switch t.ClientCertificate {
	case ClientCertificateNotRequested:
		config.ClientAuth = tls.NoClientCert
	case ClientCertificateRequired:
		config.ClientAuth = tls.RequireAnyClientCert
	}
	if t.NextProtos == nil {
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	return config
}

// SetTLS changes how all replicas terminate TLS; the zero value takes all
// changes back. New connections see it at once, open ones stay as they are. A
// server that is a [Command] has TLS of its own, and none but the zero value is
// taken for it.
func (s *Server) SetTLS(t TLS) error {
	if err := t.validate(); err != nil {
		return fmt.Errorf("set the TLS of server %q: %w", s.config.Name, err)
	}
	if s.config.Command != nil {
		if !t.isZero() {
			return fmt.Errorf("set the TLS of server %q: %w", s.config.Name, errOwnTLS)
		}
		return nil
	}
	s.mu.Lock()
	was := s.tls
	s.tls = t
	s.mu.Unlock()
	for _, r := range s.replicas {
		r.tls.Store(t.config(r))
	}
	if what := was.String(); what != "" {
		s.cluster.timeline.Record(timeline.Fault{On: s.config.Name, What: what, Undone: true})
	}
	if what := t.String(); what != "" {
		s.cluster.timeline.Record(timeline.Fault{On: s.config.Name, What: what})
	}
	return nil
}
