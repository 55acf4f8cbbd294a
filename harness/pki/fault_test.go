// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
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
		{pki.ClusterDomainOnly, "the two names differ by the cluster domain alone", []string{"is valid for " + aggregatorName + ".cluster.local, not " + aggregatorName}},
		{pki.CommonNameOnly, "Go names the reason only when the common name is the one asked for", []string{"use SANs instead"}},
		{pki.WrongAuthority, "the stranger has another name, so that there is no candidate", []string{"certificate signed by unknown authority"}},
		{pki.SelfSigned, "it names itself as the issuer, so that there is no candidate", []string{"certificate signed by unknown authority"}},
		{pki.IncompleteChain, "nobody can know that the intermediate is missing, so that there is no candidate", []string{"certificate signed by unknown authority"}},
		{pki.InsecureSignature, "the right authority is the candidate", []string{"certificate signed by unknown authority", `insecure algorithm ECDSA-SHA1" while trying to verify candidate authority certificate "extension"`}},
	}
	tested := []pki.Fault{pki.Expiring, pki.WeakKey} // TestExpiring, TestWeakKeyIsTaken
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
				if want == "" || !strings.Contains(err.Error(), want) {
					t.Errorf("the client says %q, want it to contain %q (%s)", err, want, tc.reason)
				}
			}
			if hint := strings.Contains(err.Error(), "possibly because of"); hint != (tc.fault == pki.InsecureSignature) {
				t.Errorf("the client says %q: there is a candidate is %t: %s", err, hint, tc.reason)
			}
		})
	}
	slices.Sort(tested)
	if all := slices.Sorted(slices.Values(pki.Faults())); !slices.Equal(tested, all) {
		t.Errorf("tested %v, there are %v", tested, all)
	}
}

// A fault must be the only thing wrong, or a scenario would pass for another
// reason than the one it names.
func TestFaultIsAlone(t *testing.T) {
	authority := newAuthority(t, "extension")
	cases := []struct {
		fault  pki.Fault
		mend   func(c *pki.Certificate, signer *x509.Certificate, o *x509.VerifyOptions)
		reason string
	}{
		{pki.Expired, func(c *pki.Certificate, _ *x509.Certificate, o *x509.VerifyOptions) {
			o.CurrentTime = c.Leaf().NotAfter.Add(-time.Minute)
		}, "good a minute before its end"},
		{pki.NotYetValid, func(c *pki.Certificate, _ *x509.Certificate, o *x509.VerifyOptions) {
			o.CurrentTime = c.Leaf().NotBefore.Add(time.Minute)
		}, "good a minute after its start"},
		{pki.WrongName, func(_ *pki.Certificate, _ *x509.Certificate, o *x509.VerifyOptions) {
			o.DNSName = "wrong-name.wrong-namespace.svc"
		}, "good for its own name"},
		{pki.ClusterDomainOnly, func(_ *pki.Certificate, _ *x509.Certificate, o *x509.VerifyOptions) { o.DNSName += ".cluster.local" }, "good for the full name"},
		{pki.CommonNameOnly, func(_ *pki.Certificate, _ *x509.Certificate, o *x509.VerifyOptions) { o.DNSName = "" }, "good for who asks for no name"},
		{pki.WrongAuthority, func(_ *pki.Certificate, signer *x509.Certificate, o *x509.VerifyOptions) { o.Roots.AddCert(signer) }, "good for who trusts the stranger"},
		{pki.SelfSigned, func(c *pki.Certificate, _ *x509.Certificate, o *x509.VerifyOptions) { o.Roots.AddCert(c.Leaf()) }, "good for who trusts just it"},
		{pki.IncompleteChain, func(_ *pki.Certificate, signer *x509.Certificate, o *x509.VerifyOptions) {
			o.Intermediates = x509.NewCertPool()
			o.Intermediates.AddCert(signer)
		}, "good for who has the intermediate"},
		{pki.InsecureSignature, nil, "nobody verifies it"},
	}
	for _, tc := range cases {
		t.Run(string(tc.fault), func(t *testing.T) {
			certificate, signer, err := authority.ServingAndSigner(tc.fault, aggregatorName, aggregatorName+".cluster.local")
			if err != nil {
				t.Fatal(err)
			}
			options := x509.VerifyOptions{Roots: x509.NewCertPool(), DNSName: aggregatorName}
			options.Roots.AddCert(authority.Certificate())
			if _, err := certificate.Leaf().Verify(options); err == nil {
				t.Fatal("the certificate verifies before the fault is mended")
			}
			if tc.fault == pki.InsecureSignature {
				// The signature is right; nothing but its kind stands in the way.
				leaf := certificate.Leaf()
				sum := sha1.Sum(leaf.RawTBSCertificate)
				if key := authority.Certificate().PublicKey.(*ecdsa.PublicKey); !ecdsa.VerifyASN1(key, sum[:], leaf.Signature) {
					t.Error("the signature is not the authority's")
				}
				if err := leaf.VerifyHostname(aggregatorName); err != nil {
					t.Error(err)
				}
				if now := time.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
					t.Errorf("valid from %s to %s, which is not now", leaf.NotBefore, leaf.NotAfter)
				}
				return
			}
			tc.mend(certificate, signer, &options)
			if _, err = certificate.Leaf().Verify(options); err != nil {
				t.Errorf("%s: %v", tc.reason, err)
			}
		})
	}
}

func TestExpiring(t *testing.T) {
	authority := newAuthority(t, "extension")
	roots := x509.NewCertPool()
	roots.AddCert(authority.Certificate())
	for _, tc := range []struct {
		in     time.Duration
		make   func() (*pki.Certificate, error)
		reason string
	}{
		{10 * time.Second, func() (*pki.Certificate, error) { return authority.ServingWithFault(pki.Expiring, aggregatorName) }, "by name"},
		{10 * time.Second, func() (*pki.Certificate, error) {
			return authority.ServingExpiring(10*time.Second, aggregatorName)
		}, "by time"},
		{1500 * time.Millisecond, func() (*pki.Certificate, error) {
			return authority.ServingExpiring(1500*time.Millisecond, aggregatorName)
		}, "the part of a second is rounded up"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			before := time.Now()
			certificate, err := tc.make()
			if err != nil {
				t.Fatal(err)
			}
			after := time.Now()
			if err := handshake(t, authority, certificate, aggregatorName); err != nil {
				t.Errorf("not good when it is made: %v", err)
			}
			verifyAt := func(at time.Time) error {
				_, err := certificate.Leaf().Verify(x509.VerifyOptions{Roots: roots, DNSName: aggregatorName, CurrentTime: at})
				return err
			}
			if err := verifyAt(before.Add(tc.in)); err != nil {
				t.Errorf("not good for %s: %v", tc.in, err)
			}
			// A second for the rounding.
			end := after.Add(tc.in + time.Second)
			if err := verifyAt(end); err == nil || !strings.Contains(err.Error(), pki.Expiring.Says()) || !strings.Contains(err.Error(), " is after ") {
				t.Errorf("a second after %s the verifier says %v, want %q and that it is over", tc.in, err, pki.Expiring.Says())
			}
		})
	}
	for _, in := range []time.Duration{0, -time.Second, 31 * 24 * time.Hour} {
		if _, err := authority.ServingExpiring(in, aggregatorName); err == nil || !strings.Contains(err.Error(), "must be more than 0 and at most 720h0m0s") {
			t.Errorf("a certificate that runs out in %s gives error %v, want one that says what is possible", in, err)
		}
	}
}

// If Go ever refuses such a key, its fault has something to say.
func TestWeakKeyIsTaken(t *testing.T) {
	authority := newAuthority(t, "extension")
	certificate, err := authority.ServingWithFault(pki.WeakKey, aggregatorName)
	if err != nil {
		t.Fatal(err)
	}
	if key, ok := certificate.Leaf().PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() != 1024 {
		t.Errorf("the key is %T, want RSA of 1024 bits", certificate.Leaf().PublicKey)
	}
	if err := handshake(t, authority, certificate, aggregatorName); err != nil {
		t.Errorf("the client says %v, and Says() that it says nothing", err)
	}
	if says := pki.WeakKey.Says(); says != "" {
		t.Errorf("WeakKey says %q, and nobody says anything", says)
	}
	if _, err := rsa.GenerateKey(rand.Reader, 1023); err == nil {
		t.Error("Go makes weaker keys than WeakKey's")
	}
}

func TestFaultNeedsNames(t *testing.T) {
	authority := newAuthority(t, "extension")
	for _, tc := range []struct {
		fault      pki.Fault
		name, says string
	}{
		{pki.ClusterDomainOnly, aggregatorName, "make a serving certificate with fault ClusterDomainOnly: none of the names ends in .svc.cluster.local"},
		{pki.CommonNameOnly, strings.Repeat("a", 63) + ".svc", "make a serving certificate with fault CommonNameOnly: the first name has more than 64 characters"},
	} {
		if _, err := authority.ServingWithFault(tc.fault, tc.name); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s for %s gives error %v, want %q", tc.fault, tc.name, err, tc.says)
		}
	}
}

func TestClientWithFault(t *testing.T) {
	authority := newAuthority(t, "front-proxy")
	roots := x509.NewCertPool()
	roots.AddCert(authority.Certificate())
	for _, tc := range []struct {
		fault        pki.Fault
		says, reason string
	}{
		{pki.Expired, "has expired", "time is looked at on both sides"},
		{pki.NotYetValid, "not yet valid", "time is looked at on both sides"},
		{pki.WrongAuthority, "unknown authority", "so is the signer"},
		{pki.SelfSigned, "unknown authority", "so is the signer"},
		{pki.IncompleteChain, "unknown authority", "so is the signer"},
		{pki.InsecureSignature, "insecure algorithm", "so is the signature"},
		{pki.Expiring, "", "it is good as yet"},
		{pki.WeakKey, "", "nobody looks at the key"},
	} {
		certificate, err := authority.ClientWithFault(tc.fault, "someone", "a-group")
		if err != nil {
			t.Errorf("%s: %v", tc.fault, err)
			continue
		}
		if got := certificate.Leaf().Subject.String(); got != "CN=someone,O=a-group" {
			t.Errorf("%s: the subject is %s, want the user's", tc.fault, got)
		}
		_, err = certificate.Leaf().Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		if tc.says == "" && err != nil || tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%s: the verifier says %v, want %q: %s", tc.fault, err, tc.says, tc.reason)
		}
	}
	for _, tc := range []struct {
		fault      pki.Fault
		user, says string
	}{
		{pki.WrongName, "someone", "a fault of a server's names"},
		{pki.ClusterDomainOnly, "someone", "a fault of a server's names"},
		{pki.CommonNameOnly, "someone", "a fault of a server's names"},
		{"Expird", "someone", "unknown certificate fault"},
		{pki.Expired, "", "the user has no name"},
	} {
		if _, err := authority.ClientWithFault(tc.fault, tc.user); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s for user %q gives error %v, want %q", tc.fault, tc.user, err, tc.says)
		}
	}
}

func TestUnknownFault(t *testing.T) {
	authority := newAuthority(t, "extension")
	_, err := authority.ServingWithFault("Expird", aggregatorName)
	const want = `unknown certificate fault "Expird"; known are Expired, NotYetValid, Expiring, WrongName, ClusterDomainOnly, CommonNameOnly, ` +
		`WrongAuthority, SelfSigned, IncompleteChain, InsecureSignature, WeakKey`
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if says := pki.Fault("Expird").Says(); says != "" {
		t.Errorf("an unknown fault says %q, want nothing", says)
	}
}
