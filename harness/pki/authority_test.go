// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/util/keyutil"

	"github.com/aggtest/aggtest/harness/pki"
)

func TestServing(t *testing.T) {
	authority := newAuthority(t, "extension")
	certificate, err := authority.Serving(append(pki.ServiceNames("my-api-server", "custom-system"), "10.0.0.7", "::1")...)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, says, reason string
	}{
		{"my-api-server.custom-system.svc", "", "the aggregator's name for it"},
		{"my-api-server.custom-system.svc.cluster.local", "", "a pod's full name for it"},
		{"my-api-server", "", "a pod's name for it in the same namespace"},
		{"10.0.0.7", "", "an IPv4 address is an IP SAN"},
		{"::1", "", "an IPv6 address is one too"},
		{"my-api-server.other.svc", "not my-api-server.other.svc", "another namespace's is another server"},
		{"10.0.0.8", "not 10.0.0.8", "another address is another server"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			err := handshake(t, authority, certificate, tc.name)
			switch {
			case tc.says == "" && err != nil:
				t.Errorf("%s, but: %v", tc.reason, err)
			case tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)):
				t.Errorf("%s, but the client says %v, want %q", tc.reason, err, tc.says)
			}
		})
	}
	if err := handshake(t, newAuthority(t, "extension"), certificate, "my-api-server"); err == nil {
		t.Error("a client took a certificate of an authority that only has the trusted one's name")
	}
}

func TestServingRefuses(t *testing.T) {
	authority := newAuthority(t, "extension")
	cases := []struct {
		names        []string
		says, reason string
	}{
		{nil, "no names", "a certificate without names never verifies"},
		{[]string{"a", ""}, "name 2 of 2 is empty", "an empty name is a caller's mistake"},
	}
	for _, tc := range cases {
		if _, err := authority.Serving(tc.names...); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("Serving(%q) gives error %v, want %q: %s", tc.names, err, tc.says, tc.reason)
		}
		if _, err := authority.ServingWithFault(pki.Expired, tc.names...); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("ServingWithFault(Expired, %q) gives error %v, want %q: %s", tc.names, err, tc.says, tc.reason)
		}
	}
	if _, err := authority.Client(""); err == nil {
		t.Error("a client certificate for nobody was made")
	}
}

func TestLongFirstName(t *testing.T) {
	name := strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + ".svc"
	certificate, err := newAuthority(t, "extension").Serving(name)
	if err != nil {
		t.Fatal(err)
	}
	if cn := certificate.Leaf().Subject.CommonName; cn != "" {
		t.Errorf("the common name has %d characters, want none rather than more than 64", len(cn))
	}
	if err := certificate.Leaf().VerifyHostname(name); err != nil {
		t.Error(err)
	}
}

func TestValidity(t *testing.T) {
	certificate, err := newAuthority(t, "extension").Serving("a")
	if err != nil {
		t.Fatal(err)
	}
	now, leaf := time.Now(), certificate.Leaf()
	if at := now.Add(-30 * time.Minute); at.Before(leaf.NotBefore) {
		t.Errorf("not valid by a clock that is half an hour late: valid from %s", leaf.NotBefore)
	}
	if at := now.Add(7 * 24 * time.Hour); at.After(leaf.NotAfter) {
		t.Errorf("not valid after a week of running: valid to %s", leaf.NotAfter)
	}
}

func TestControlPlane(t *testing.T) {
	plane, err := pki.NewControlPlane()
	if err != nil {
		t.Fatal(err)
	}
	apiServer, err := plane.APIServer("kube-apiserver-0")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"localhost", "127.0.0.1", "::1", "10.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local", "kube-apiserver-0",
	} {
		if err := handshake(t, plane.Serving, apiServer, name); err != nil {
			t.Errorf("kube-apiserver as %s: %v", name, err)
		}
	}
	frontProxy, err := plane.FrontProxyClient()
	if err != nil {
		t.Fatal(err)
	}
	if got := frontProxy.Leaf().Subject; got.CommonName != pki.FrontProxyUser || len(got.Organization) != 0 {
		t.Errorf("the front proxy is %s, want CN=%s and no groups", got, pki.FrontProxyUser)
	}
	admin, err := plane.Admin()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"system:masters"}, admin.Leaf().Subject.Organization); diff != "" {
		t.Errorf("the admin's groups (-want +got):\n%s", diff)
	}

	leaves := map[string]*pki.Certificate{"serving": apiServer, "client": admin, "front proxy": frontProxy}
	usages := map[string]x509.ExtKeyUsage{
		"serving": x509.ExtKeyUsageServerAuth, "client": x509.ExtKeyUsageClientAuth, "front proxy": x509.ExtKeyUsageClientAuth,
	}
	for signer, authority := range map[string]*pki.Authority{"serving": plane.Serving, "client": plane.Client, "front proxy": plane.FrontProxy} {
		roots := x509.NewCertPool()
		roots.AddCert(authority.Certificate())
		for owner, certificate := range leaves {
			_, err := certificate.Leaf().Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{usages[owner]}})
			if good := err == nil; good != (signer == owner) {
				t.Errorf("the %s certificate verified by the %s authority: %v, want only its own to verify it", owner, signer, err)
			}
		}
	}
}

// keyutil is what kube-apiserver reads its key files with.
func TestSigningKeyIsReadByKubernetes(t *testing.T) {
	key, err := pki.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	private, err := keyutil.ParsePrivateKeyPEM(key.PrivatePEM())
	if err != nil {
		t.Fatal(err)
	}
	public, err := keyutil.ParsePublicKeysPEM(key.PublicPEM())
	if err != nil {
		t.Fatal(err)
	}
	if len(public) != 1 {
		t.Fatalf("%d public keys, want 1", len(public))
	}
	if signer, ok := private.(*ecdsa.PrivateKey); !ok || !signer.PublicKey.Equal(public[0]) {
		t.Errorf("the private key, a %T, is not the public one's", private)
	}
}

func BenchmarkControlPlane(b *testing.B) {
	for b.Loop() {
		plane, err := pki.NewControlPlane()
		if err != nil {
			b.Fatal(err)
		}
		for _, issue := range []func() (*pki.Certificate, error){
			func() (*pki.Certificate, error) { return plane.APIServer() },
			plane.FrontProxyClient,
			plane.Admin,
		} {
			if _, err := issue(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
