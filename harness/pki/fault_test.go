// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aggtest/aggtest/harness/pki"
)

const aggregatorName = "my-api-server.custom-system.svc"

func newAuthority(t testing.TB, name string) *pki.Authority {
	t.Helper()
	authority, err := pki.NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

// handshake has a client that trusts the authority connect to a server with the
// certificate over loopback, and returns the client's verdict.
func handshake(t *testing.T, trusted *pki.Authority, certificate *pki.Certificate, name string) error {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(trusted.CertificatePEM()) {
		t.Fatal("the authority's PEM holds no certificate")
	}
	pair, err := tls.X509KeyPair(certificate.CertificatePEM(), certificate.KeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		far, err := listener.Accept()
		if err != nil {
			served <- err
			return
		}
		defer far.Close()
		served <- tls.Server(far, &tls.Config{Certificates: []tls.Certificate{pair}}).HandshakeContext(ctx)
	}()
	near, err := new(net.Dialer).DialContext(ctx, "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	err = tls.Client(near, &tls.Config{RootCAs: pool, ServerName: name}).HandshakeContext(ctx)
	if serverErr := <-served; err == nil && serverErr != nil {
		t.Fatalf("the server's side of a handshake that the client was content with: %v", serverErr)
	}
	return err
}

func TestServingWithFault(t *testing.T) {
	authority := newAuthority(t, "extension")
	cases := []struct {
		fault  pki.Fault
		reason string
		says   []string
	}{
		{pki.Expired, "only the time after the end tells it from NotYetValid", []string{"has expired or is not yet valid", " is after "}},
		{pki.NotYetValid, "only the time before the start tells it from Expired", []string{"has expired or is not yet valid", " is before "}},
		{pki.WrongName, "both names are there, so that the reader sees which to mend", []string{"is valid for wrong-name.wrong-namespace.svc, not " + aggregatorName}},
		{pki.WrongAuthority, "the plain text, without the hint about a candidate", []string{"certificate signed by unknown authority"}},
	}
	tested := []pki.Fault{}
	for _, tc := range cases {
		tested = append(tested, tc.fault)
		t.Run(string(tc.fault), func(t *testing.T) {
			certificate, err := authority.ServingWithFault(tc.fault, pki.ServiceNames("my-api-server", "custom-system")...)
			if err != nil {
				t.Fatal(err)
			}
			err = handshake(t, authority, certificate, aggregatorName)
			if err == nil {
				t.Fatalf("the client took a certificate with fault %s", tc.fault)
			}
			for _, want := range append(tc.says, tc.fault.Says()) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the client says %q, want it to contain %q (%s)", err, want, tc.reason)
				}
			}
			if tc.fault == pki.WrongAuthority && strings.Contains(err.Error(), "possibly because of") {
				t.Errorf("the client says %q, want no hint: %s", err, tc.reason)
			}
		})
	}
	if !slices.Equal(tested, pki.Faults()) {
		t.Errorf("tested %v, there are %v", tested, pki.Faults())
	}
}

// A fault must be the only thing wrong, or a scenario would pass for another
// reason than the one it names.
func TestFaultIsAlone(t *testing.T) {
	authority := newAuthority(t, "extension")
	roots := x509.NewCertPool()
	roots.AddCert(authority.Certificate())
	cases := []struct {
		fault  pki.Fault
		mend   func(*pki.Certificate, *x509.VerifyOptions)
		reason string
	}{
		{pki.Expired, func(c *pki.Certificate, o *x509.VerifyOptions) { o.CurrentTime = c.Leaf().NotAfter.Add(-time.Minute) }, "good a minute before its end"},
		{pki.NotYetValid, func(c *pki.Certificate, o *x509.VerifyOptions) { o.CurrentTime = c.Leaf().NotBefore.Add(time.Minute) }, "good a minute after its start"},
		{pki.WrongName, func(c *pki.Certificate, o *x509.VerifyOptions) { o.DNSName = "wrong-name.wrong-namespace.svc" }, "good for its own name"},
		{pki.WrongAuthority, func(c *pki.Certificate, o *x509.VerifyOptions) { o.Roots = nil }, "nobody can verify it"},
	}
	for _, tc := range cases {
		t.Run(string(tc.fault), func(t *testing.T) {
			certificate, err := authority.ServingWithFault(tc.fault, aggregatorName)
			if err != nil {
				t.Fatal(err)
			}
			options := x509.VerifyOptions{Roots: roots, DNSName: aggregatorName}
			if _, err := certificate.Leaf().Verify(options); err == nil {
				t.Fatal("the certificate verifies before the fault is mended")
			}
			tc.mend(certificate, &options)
			_, err = certificate.Leaf().Verify(options)
			if tc.fault == pki.WrongAuthority {
				// Its authority is thrown away: what can be checked is that nothing but the
				// signature stands in the way.
				leaf := certificate.Leaf()
				if err := leaf.VerifyHostname(aggregatorName); err != nil {
					t.Error(err)
				}
				if now := time.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
					t.Errorf("valid from %s to %s, which is not now", leaf.NotBefore, leaf.NotAfter)
				}
				return
			}
			if err != nil {
				t.Errorf("%s: %v", tc.reason, err)
			}
		})
	}
}

func TestUnknownFault(t *testing.T) {
	authority := newAuthority(t, "extension")
	_, err := authority.ServingWithFault("Expird", aggregatorName)
	const want = `unknown certificate fault "Expird"; known are Expired, NotYetValid, WrongName, WrongAuthority`
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if says := pki.Fault("Expird").Says(); says != "" {
		t.Errorf("an unknown fault says %q, want nothing", says)
	}
}
