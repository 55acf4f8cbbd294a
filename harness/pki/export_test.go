// SPDX-License-Identifier: Apache-2.0

package pki

import "crypto/x509"

// ClientWithFault is what the front proxy's faulty certificates are made with.
func (a *Authority) ClientWithFault(fault Fault, user string, groups ...string) (*Certificate, error) {
	return a.clientWithFault(fault, user, groups...)
}

// ServingAndSigner is ServingWithFault that also returns the certificate of who
// signed.
func (a *Authority) ServingAndSigner(fault Fault, names ...string) (*Certificate, *x509.Certificate, error) {
	entry, err := lookUp(fault)
	if err != nil {
		return nil, nil, err
	}
	o, err := a.serving(names)
	if err != nil {
		return nil, nil, err
	}
	if err := entry.spoil(o); err != nil {
		return nil, nil, err
	}
	certificate, err := o.fulfil()
	return certificate, o.signer.certificate, err
}
