// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// SigningKey is the key pair with which a kube-apiserver signs the tokens of
// service accounts, and with which they are verified.
type SigningKey struct {
	private, public []byte
}

// NewSigningKey makes a key pair.
func NewSigningKey() (*SigningKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	private, err := encodePrivateKey(key)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("encode a public key: %w", err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return &SigningKey{private: private, public: public}, nil
}

// PrivatePEM returns the private key in PEM, as PKCS #8, for
// --service-account-signing-key-file.
func (k *SigningKey) PrivatePEM() []byte { return bytes.Clone(k.private) }

// PublicPEM returns the public key in PEM, as PKIX, for
// --service-account-key-file.
func (k *SigningKey) PublicPEM() []byte { return bytes.Clone(k.public) }
