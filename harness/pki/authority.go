// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// backdated is how long before its making a good certificate becomes valid.
	// The clock of a laptop that wakes or of a virtual machine that is corrected
	// jumps back by seconds to minutes, and a good certificate must not turn into
	// a [NotYetValid] one by that.
	backdated = time.Hour

	// lifetime is how long a good certificate is valid. A control plane may be
	// kept up for days and must not meet an expiry that nobody asked for; the keys
	// are of no worth elsewhere, since each control plane has authorities of its
	// own.
	lifetime = 30 * 24 * time.Hour
)

// Authority is a certificate authority: its certificate and its key. It does not
// change and may be used by several goroutines.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority makes a root with a new key. The common name appears in the
// certificates it signs as their issuer, and has no other effect.
func NewAuthority(commonName string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of authority %q: %w", commonName, err)
	}
	return newAuthority(commonName, key, nil)
}

// intermediate makes an authority that this one has signed.
func (a *Authority) intermediate() (*Authority, error) {
	name := a.certificate.Subject.CommonName + "-intermediate"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of authority %q: %w", name, err)
	}
	return newAuthority(name, key, a)
}

// newAuthority makes an authority with the key, signed by signer or, when that
// is nil, by itself.
func newAuthority(commonName string, key *ecdsa.PrivateKey, signer *Authority) (*Authority, error) {
	now := time.Now()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: commonName},
		// As far back as forth, so that an [Expired] certificate was good in its time.
		NotBefore:             now.Add(-lifetime),
		NotAfter:              now.Add(lifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	if signer == nil {
		signer = &Authority{certificate: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.certificate, key.Public(), signer.key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate of authority %q: %w", commonName, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back the certificate of authority %q: %w", commonName, err)
	}
	return &Authority{certificate: certificate, key: key}, nil
}

// CertificatePEM returns the root in PEM, fit for an APIService's caBundle, for
// --client-ca-file and for --requestheader-client-ca-file.
func (a *Authority) CertificatePEM() []byte { return encodeCertificates(a.certificate.Raw) }

// Certificate returns the root. The caller must not change it.
func (a *Authority) Certificate() *x509.Certificate { return a.certificate }

// Serving makes a certificate for a server that is reached by the names. A name
// that is an IP address becomes an IP SAN, every other a DNS SAN. It is an error
// to give none, since clients look at nothing else.
func (a *Authority) Serving(names ...string) (*Certificate, error) {
	o, err := a.serving(names)
	if err != nil {
		return nil, err
	}
	return o.fulfil()
}

// ServingWithFault is [Authority.Serving] with one thing wrong. The names are
// what a client would check, whether or not the certificate ends up with them.
// An unknown fault is an error that lists those there are.
func (a *Authority) ServingWithFault(fault Fault, names ...string) (*Certificate, error) {
	entry, err := lookUp(fault)
	if err != nil {
		return nil, err
	}
	o, err := a.serving(names)
	if err != nil {
		return nil, err
	}
	if err := entry.spoil(o); err != nil {
		return nil, fmt.Errorf("make a serving certificate with fault %s: %w", fault, err)
	}
	return o.fulfil()
}

// ServingExpiring is [Authority.Serving] for a certificate that runs out soon:
// with [Expiring] one chooses when. It is good for at least the time that is
// given, and for less than a second longer, since a certificate tells time in
// seconds. The time must be more than 0 and at most 30 days.
func (a *Authority) ServingExpiring(in time.Duration, names ...string) (*Certificate, error) {
	o, err := a.serving(names)
	if err != nil {
		return nil, err
	}
	if err := o.expire(in); err != nil {
		return nil, fmt.Errorf("make a serving certificate: %w", err)
	}
	return o.fulfil()
}

// Client makes a certificate by which its holder is the user, in the groups:
// Kubernetes takes the common name for the user's and each organization for a
// group's
// (k8s.io/apiserver@v0.37.2/pkg/authentication/request/x509/x509.go:303).
func (a *Authority) Client(user string, groups ...string) (*Certificate, error) {
	if user == "" {
		return nil, errors.New("make a client certificate: the user has no name")
	}
	return a.client(user, groups).fulfil()
}

// clientWithFault is [Authority.Client] with one thing wrong: one of the faults
// that a verifier finds without knowing a name, since nobody knows a client by
// a name of a host. Any other, and an unknown one, is an error.
func (a *Authority) clientWithFault(fault Fault, user string, groups ...string) (*Certificate, error) {
	if user == "" {
		return nil, errors.New("make a client certificate: the user has no name")
	}
	entry, err := lookUp(fault)
	if err != nil {
		return nil, err
	}
	if entry.ofNames {
		return nil, fmt.Errorf("make a client certificate with fault %s: that is a fault of a server's names, which a client has not", fault)
	}
	o := a.client(user, groups)
	if err := entry.spoil(o); err != nil {
		return nil, fmt.Errorf("make a client certificate with fault %s: %w", fault, err)
	}
	return o.fulfil()
}

// client starts a good client certificate.
func (a *Authority) client(user string, groups []string) *order {
	return a.order(x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: slices.Clone(groups)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}
