// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// authority is as much of a certificate authority as these tests need: the
// package itself is given PEM and makes none.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t testing.TB, name string) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert: cert, key: key, pem: pemBlock("CERTIFICATE", der)}
}

func (a authority) sign(t testing.TB, subject pkix.Name, usage x509.ExtKeyUsage, ips ...net.IP) KeyPair {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      subject,
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{usage},
		IPAddresses:  ips,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return KeyPair{Cert: pemBlock("CERTIFICATE", der), Key: privatePEM(t, key)}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func privatePEM(t testing.TB, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemBlock("PRIVATE KEY", der)
}

func pemBlock(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

var madePKI struct {
	once sync.Once
	pki  PKI
}

// testPKI is the same for all tests: nothing of it depends on a run.
func testPKI(t testing.TB) PKI {
	t.Helper()
	madePKI.once.Do(func() {
		clients, serving, front := newAuthority(t, "clients"), newAuthority(t, "serving"), newAuthority(t, "front proxy")
		tokens := newKey(t)
		public, err := x509.MarshalPKIXPublicKey(tokens.Public())
		if err != nil {
			t.Fatal(err)
		}
		madePKI.pki = PKI{
			ClientCA:                 clients.pem,
			RequestHeaderCA:          front.pem,
			FrontProxy:               front.sign(t, pkix.Name{CommonName: FrontProxyName}, x509.ExtKeyUsageClientAuth),
			ServingCA:                serving.pem,
			Serving:                  serving.sign(t, pkix.Name{CommonName: "kube-apiserver"}, x509.ExtKeyUsageServerAuth, net.IPv4(127, 0, 0, 1)),
			ServiceAccountPublicKey:  pemBlock("PUBLIC KEY", public),
			ServiceAccountPrivateKey: privatePEM(t, tokens),
			Admin:                    clients.sign(t, pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}, x509.ExtKeyUsageClientAuth),
		}
	})
	return madePKI.pki
}
