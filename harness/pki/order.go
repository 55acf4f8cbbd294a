// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"time"
)

// longestCommonName is X.520's ub-common-name: some readers refuse a longer one
// (RFC 5280, appendix A.1).
const longestCommonName = 64

// order is a certificate about to be signed. A fault changes it before it is.
type order struct {
	// template is what will be in it.
	template x509.Certificate
	// key is the leaf's. Nil for a new one.
	key crypto.Signer
	// signer signs it.
	signer *Authority
	// chain is what the server sends after the leaf, in DER.
	chain [][]byte
}

// order starts a good leaf certificate from what is special about it.
func (a *Authority) order(template x509.Certificate) *order {
	now := time.Now()
	template.NotBefore = now.Add(-backdated)
	template.NotAfter = now.Add(lifetime)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.BasicConstraintsValid = true
	return &order{template: template, signer: a}
}

func (a *Authority) serving(names []string) (*order, error) {
	if len(names) == 0 {
		return nil, errors.New("make a serving certificate: no names; clients verify a server by its names alone")
	}
	template := x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for i, name := range names {
		if name == "" {
			return nil, fmt.Errorf("make a serving certificate: name %d of %d is empty", i+1, len(names))
		}
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	if len(names[0]) <= longestCommonName {
		template.Subject = pkix.Name{CommonName: names[0]}
	}
	return a.order(template), nil
}

// fulfil signs the order.
func (o *order) fulfil() (*Certificate, error) {
	if o.key == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("make the key of certificate %q: %w", o.template.Subject.CommonName, err)
		}
		o.key = key
	}
	der, err := x509.CreateCertificate(rand.Reader, &o.template, o.signer.certificate, o.key.Public(), o.signer.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate %q: %w", o.template.Subject.CommonName, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back certificate %q: %w", o.template.Subject.CommonName, err)
	}
	keyPEM, err := encodePrivateKey(o.key)
	if err != nil {
		return nil, err
	}
	return &Certificate{
		leaf:   leaf,
		sent:   append([][]byte{der}, o.chain...),
		key:    o.key,
		keyPEM: keyPEM,
	}, nil
}
