// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// Certificate is a leaf certificate with its key. It does not change and may be
// used by several goroutines.
type Certificate struct {
	leaf   *x509.Certificate
	sent   [][]byte
	key    crypto.Signer
	keyPEM []byte
}

// CertificatePEM returns the leaf in PEM, followed by whatever else its holder
// sends in a handshake. The root is not part of it.
func (c *Certificate) CertificatePEM() []byte { return encodeCertificates(c.sent...) }

// KeyPEM returns the private key in PEM, as PKCS #8.
func (c *Certificate) KeyPEM() []byte { return bytes.Clone(c.keyPEM) }

// TLS returns the pair for a [tls.Config].
func (c *Certificate) TLS() tls.Certificate {
	return tls.Certificate{Certificate: c.sent, PrivateKey: c.key, Leaf: c.leaf}
}

// Leaf returns the leaf. The caller must not change it.
func (c *Certificate) Leaf() *x509.Certificate { return c.leaf }

func encodeCertificates(ders ...[]byte) []byte {
	var all []byte
	for _, der := range ders {
		all = append(all, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return all
}

func encodePrivateKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
