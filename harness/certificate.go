// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/aggtest/aggtest/harness/pki"
	"github.com/aggtest/aggtest/harness/timeline"
)

// CertificateOrder says what serving certificate a replica gets. The zero value
// is a good one: of the server's present authority, for the Service's names,
// valid for 30 days.
type CertificateOrder struct {
	// Fault is what is wrong with it. Empty means nothing.
	Fault pki.Fault
	// ExpiresIn is how long a certificate with [pki.Expiring] is good, to the next
	// full second. When it is set, Fault may be empty, and must not be another
	// fault. 0 means 10 seconds if Fault is Expiring.
	ExpiresIn time.Duration
	// None has the replica show no certificate at all. A handshake then ends with
	// the alert internal_error, of which the aggregator says "remote error: tls:
	// internal error". Nothing else may be set, and the server must not be a
	// [Command], whose TLS is its own.
	None bool
}

func (o CertificateOrder) validate() error {
	switch {
	case o.None && (o.Fault != "" || o.ExpiresIn != 0):
		return errors.New("none excludes a fault and a time at which it expires")
	case o.ExpiresIn < 0:
		return fmt.Errorf("it expires in %s: must not be negative", o.ExpiresIn)
	case o.ExpiresIn != 0 && o.Fault != "" && o.Fault != pki.Expiring:
		return fmt.Errorf("only a certificate with fault %s can be told when it expires, not one with fault %s", pki.Expiring, o.Fault)
	}
	return nil
}

// String names what is wrong. It is empty when nothing is.
func (o CertificateOrder) String() string {
	switch {
	case o.None:
		return "no certificate"
	case o.ExpiresIn != 0:
		return fmt.Sprintf("certificate %s in %s", pki.Expiring, o.ExpiresIn)
	case o.Fault != "":
		return "certificate " + string(o.Fault)
	}
	return ""
}

func (o CertificateOrder) issue(authority *pki.Authority, names []string) (*shown, error) {
	var (
		certificate *pki.Certificate
		err         error
	)
	switch {
	case o.None:
		return &shown{order: o}, nil
	case o.ExpiresIn != 0:
		certificate, err = authority.ServingExpiring(o.ExpiresIn, names...)
	case o.Fault != "":
		certificate, err = authority.ServingWithFault(o.Fault, names...)
	default:
		certificate, err = authority.Serving(names...)
	}
	if err != nil {
		return nil, err
	}
	pair := certificate.TLS()
	return &shown{order: o, pair: &pair, certificate: certificate}, nil
}

// shown is what a replica shows in a handshake. The pair and the certificate
// that it is of are nil when it shows none.
type shown struct {
	order       CertificateOrder
	pair        *tls.Certificate
	certificate *pki.Certificate
}

var errNoCertificate = errors.New("the replica has no certificate, as a fault asks for")

// certificateFor is what the replica answers a handshake with.
func (r *replica) certificateFor(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if now := r.shown.Load(); now.pair != nil {
		return now.pair, nil
	}
	return nil, errNoCertificate
}

// SetCertificate gives all replicas new serving certificates with the fault, or
// good ones when fault is empty: see [Server.SetCertificateOf].
func (s *Server) SetCertificate(fault pki.Fault) error {
	return s.SetCertificateOf(-1, CertificateOrder{Fault: fault})
}

// SetCertificateOf gives one replica a new serving certificate, or each of them
// one when replica is -1. New connections see it at once. Open ones keep what
// they were made with, so that a fault stays hidden until [Server.Cut] or the
// next dial. When it fails, every replica has the certificate that it had.
func (s *Server) SetCertificateOf(replica int, order CertificateOrder) error {
	s.mu.Lock()
	authority := s.authority
	s.mu.Unlock()
	chosen, err := s.choose(replica)
	if err != nil {
		return fmt.Errorf("set a certificate: %w", err)
	}
	certificates, err := s.issue(authority, chosen, order)
	if err != nil {
		return err
	}
	return s.show(chosen, certificates)
}

// Reload gives all replicas good certificates of the present authority, as
// servers do that read their files again after a rotation.
func (s *Server) Reload() error { return s.SetCertificateOf(-1, CertificateOrder{}) }

// Rotate makes a new authority the server's own: [Server.CABundle] is its
// certificate from now on, and no APIService knows of it until
// [Cluster.SetCABundle]. When reload is true, all replicas get good certificates
// of it; else they keep what they have, as servers that do not read their files
// again. Open connections are kept in both cases.
//
// Where the replicas and the caBundle disagree, the aggregator says "x509:
// certificate signed by unknown authority" at its next handshake.
func (s *Server) Rotate(reload bool) error {
	s.mu.Lock()
	number := s.rotations + 2
	s.mu.Unlock()
	authority, err := pki.NewAuthority(fmt.Sprintf("%s-ca-%d", s.config.Name, number))
	if err != nil {
		return fmt.Errorf("rotate the authority of server %q: %w", s.config.Name, err)
	}
	var certificates []*shown
	if reload {
		if certificates, err = s.issue(authority, s.replicas, CertificateOrder{}); err != nil {
			return fmt.Errorf("rotate the authority of server %q: %w", s.config.Name, err)
		}
	}
	s.mu.Lock()
	s.previous, s.authority = s.authority, authority
	s.rotations++
	s.mu.Unlock()
	what := s.config.Name + " has a new authority"
	if !reload {
		what += " and keeps its certificates"
	}
	s.cluster.timeline.Record(timeline.Action{What: what})
	if reload {
		return s.show(s.replicas, certificates)
	}
	return nil
}

// CABundle is the certificate, as PEM, of the authority that signs the server's
// good certificates.
func (s *Server) CABundle() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.authority.CertificatePEM()
}

// PreviousCABundle is what [Server.CABundle] was before the last
// [Server.Rotate]. It is nil before the first.
func (s *Server) PreviousCABundle() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.previous == nil {
		return nil
	}
	return s.previous.CertificatePEM()
}

// OtherCABundle is the certificate of an authority that signs nothing of this
// server's. It is the same at each call.
func (s *Server) OtherCABundle() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.other == nil {
		other, err := pki.NewAuthority(s.config.Name + "-other-ca")
		if err != nil {
			return nil, fmt.Errorf("make another authority for server %q: %w", s.config.Name, err)
		}
		s.other = other
	}
	return s.other.CertificatePEM(), nil
}

// choose returns one replica, or all of them for -1.
func (s *Server) choose(replica int) ([]*replica, error) {
	switch {
	case replica == -1:
		return s.replicas, nil
	case replica < -1 || replica >= len(s.replicas):
		return nil, fmt.Errorf("server %q has no replica %d: it has %d, counted from 0", s.config.Name, replica, len(s.replicas))
	}
	return s.replicas[replica : replica+1], nil
}

func (s *Server) issue(authority *pki.Authority, replicas []*replica, order CertificateOrder) ([]*shown, error) {
	certificates := make([]*shown, len(replicas))
	for i, r := range replicas {
		err := order.validate()
		if order.None && r.program != nil {
			err = errors.New("a server that is a command cannot be made to show none: its TLS is its own")
		}
		if err == nil {
			certificates[i], err = order.issue(authority, pki.ServiceNames(s.config.Service, s.config.Namespace))
		}
		if err != nil {
			return nil, fmt.Errorf("make a certificate for %s: %w", r.name, err)
		}
	}
	return certificates, nil
}

// show has the replicas use the certificates, and records what was mended and
// what was broken by that.
func (s *Server) show(replicas []*replica, certificates []*shown) error {
	for i, r := range replicas {
		if r.program != nil {
			certificate := certificates[i].certificate
			if err := r.program.files.write(certificate.CertificatePEM(), certificate.KeyPEM()); err != nil {
				return fmt.Errorf("write the certificate of %s: %w", r.name, err)
			}
		}
		was, now, first := "", certificates[i].order.String(), true
		if before := r.shown.Swap(certificates[i]); before != nil {
			was, first = before.order.String(), false
		}
		if was != "" {
			s.cluster.timeline.Record(timeline.Fault{On: r.name, What: was, Undone: true})
		}
		if now != "" {
			s.cluster.timeline.Record(timeline.Fault{On: r.name, What: now})
		}
		if was == "" && now == "" && !first {
			s.cluster.timeline.Record(timeline.Action{What: r.name + " has a new certificate"})
		}
	}
	return nil
}
