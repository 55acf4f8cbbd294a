// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"fmt"
	"strings"
)

// Fault names one thing that is wrong with a certificate. What the aggregator
// says of it, and a client of Go's crypto/tls in general, stands with each: it
// is in the message of the APIService's condition and, in the moments before
// the condition turns False, in the body of a request's 503.
//
// A client that trusts by another rule than caBundle and name, such as the
// aggregator when insecureSkipTLSVerify is set, notices none of them.
type Fault string

const (
	// Expired is a certificate that ran out an hour ago. The aggregator says
	// "x509: certificate has expired or is not yet valid: current time <now> is
	// after <notAfter>".
	Expired Fault = "Expired"

	// NotYetValid is a certificate that becomes valid in a day. The aggregator
	// says "x509: certificate has expired or is not yet valid: current time <now>
	// is before <notBefore>".
	NotYetValid Fault = "NotYetValid"

	// Expiring is a certificate that is good when it is made and runs out soon: 10
	// seconds later, or when [Authority.ServingExpiring] was told. From then on the
	// aggregator says what it says of [Expired], but only at its next handshake: a
	// connection outlives the certificate that it was made with.
	Expiring Fault = "Expiring"

	// WrongName is a certificate for another server,
	// wrong-name.wrong-namespace.svc. The aggregator says "x509: certificate is
	// valid for wrong-name.wrong-namespace.svc, not <service>.<namespace>.svc".
	WrongName Fault = "WrongName"

	// ClusterDomainOnly is a certificate for nothing but
	// <service>.<namespace>.svc.cluster.local, by which pods may know the server
	// and the aggregator does not. It says "x509: certificate is valid for
	// <service>.<namespace>.svc.cluster.local, not <service>.<namespace>.svc". To
	// make one, such a name must be among those that are given.
	ClusterDomainOnly Fault = "ClusterDomainOnly"

	// CommonNameOnly is a certificate that has its name where it stood before
	// there were SANs, and no SAN. The aggregator says "x509: certificate relies on
	// legacy Common Name field, use SANs instead". No setting of Go makes a client
	// look there any more: GODEBUG=x509ignoreCN=0 went with Go 1.17. The first of
	// the names that are given must have at most 64 characters.
	CommonNameOnly Fault = "CommonNameOnly"

	// WrongAuthority is a certificate signed by an authority that nobody has heard
	// of, made for this one certificate and called "somebody else". The aggregator
	// says "x509: certificate signed by unknown authority" and no more. (Were the
	// stranger called like the real authority, the text would go on with a
	// signature that did not verify.)
	WrongAuthority Fault = "WrongAuthority"

	// SelfSigned is a certificate signed with its own key. The aggregator, whose
	// caBundle holds the authority and not this certificate, says "x509:
	// certificate signed by unknown authority".
	SelfSigned Fault = "SelfSigned"

	// IncompleteChain is a certificate signed by an intermediate authority that
	// the right one has signed, and that the server does not send along. The
	// aggregator says "x509: certificate signed by unknown authority".
	IncompleteChain Fault = "IncompleteChain"

	// InsecureSignature is a certificate that the right authority has signed over
	// its SHA-1 sum. The aggregator says "x509: certificate signed by unknown
	// authority (possibly because of "x509: cannot verify signature: insecure
	// algorithm ECDSA-SHA1" while trying to verify candidate authority certificate
	// "<authority>")". Go still signs so, and never verifies it: GODEBUG=x509sha1=1
	// went with Go 1.24. MD5 and MD2 it does not even sign.
	InsecureSignature Fault = "InsecureSignature"

	// WeakKey is a certificate with an RSA key of 1024 bits. Nobody complains:
	// [Fault.Says] is empty, the APIService is Available and its requests are
	// answered. Go takes RSA keys from 1024 bits on, for signing as for verifying
	// (crypto/rsa, "Minimum key size"), and crypto/tls has an upper limit only,
	// which is 8192 bits. A weaker key cannot be made without GODEBUG=rsa1024min=0
	// in this process.
	WeakKey Fault = "WeakKey"
)

// Faults returns every fault there is.
func Faults() []Fault {
	faults := make([]Fault, len(entries))
	for i, e := range entries {
		faults[i] = e.fault
	}
	return faults
}

// Says returns the part of the verifier's text that does not vary: what the
// condition's message contains, from Kubernetes 1.36 on. It is empty for an
// unknown fault and for [WeakKey], of which nobody says anything. Of [Expiring]
// it is said once the certificate has run out.
//
// The text of [Expired] and [NotYetValid] goes on with the present time, so a
// whole message must not be compared.
func (f Fault) Says() string {
	e, err := lookUp(f)
	if err != nil {
		return ""
	}
	return e.says
}

func lookUp(fault Fault) (entry, error) {
	names := make([]string, len(entries))
	for i, e := range entries {
		if e.fault == fault {
			return e, nil
		}
		names[i] = string(e.fault)
	}
	return entry{}, fmt.Errorf("unknown certificate fault %q; known are %s", fault, strings.Join(names, ", "))
}
