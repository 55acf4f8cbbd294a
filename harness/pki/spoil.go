// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// expiredSince is far enough back that no jump of a clock by a time zone's
	// half hour or a leap of a virtual machine makes the certificate good again,
	// and is a round figure in the message.
	expiredSince = time.Hour

	// validIn is longer than any run, so that waiting never mends the fault.
	validIn = 24 * time.Hour

	// expiringIn leaves time to see that the certificate is taken, which an
	// availability check does some milliseconds after a touch, and is short enough
	// to be waited for.
	expiringIn = 10 * time.Second

	// weakBits is the shortest RSA key that crypto/rsa makes and uses.
	weakBits = 1024

	wrongName           = "wrong-name.wrong-namespace.svc"
	clusterDomainSuffix = ".svc.cluster.local"

	saysExpired          = "x509: certificate has expired or is not yet valid: current time"
	saysUnknownAuthority = "x509: certificate signed by unknown authority"
)

// entry is what there is to know about a fault.
type entry struct {
	fault Fault
	// says is the part of the verifier's text that does not vary.
	says string
	// ofNames is set when the fault is one of the names that a server has and a
	// client has not.
	ofNames bool
	// spoil puts the fault into an order that is otherwise good.
	spoil func(*order) error
}

// entries holds every fault, in the order in which they are listed. The texts
// are those of crypto/x509, which the aggregator passes on.
var entries = []entry{
	{fault: Expired, says: saysExpired, spoil: expired},
	{fault: NotYetValid, says: saysExpired, spoil: notYetValid},
	{fault: Expiring, says: saysExpired, spoil: func(o *order) error { return o.expire(expiringIn) }},
	{fault: WrongName, says: "x509: certificate is valid for " + wrongName + ", not", ofNames: true, spoil: otherName},
	{fault: ClusterDomainOnly, says: clusterDomainSuffix + ", not", ofNames: true, spoil: clusterDomainOnly},
	{fault: CommonNameOnly, says: "x509: certificate relies on legacy Common Name field, use SANs instead", ofNames: true, spoil: commonNameOnly},
	{fault: WrongAuthority, says: saysUnknownAuthority, spoil: strangeAuthority},
	{fault: SelfSigned, says: saysUnknownAuthority, spoil: selfSigned},
	{fault: IncompleteChain, says: saysUnknownAuthority, spoil: incompleteChain},
	{fault: InsecureSignature, says: "x509: cannot verify signature: insecure algorithm ECDSA-SHA1", spoil: insecureSignature},
	{fault: WeakKey, spoil: weakKey},
}

func expired(o *order) error {
	o.template.NotAfter = time.Now().Add(-expiredSince)
	o.template.NotBefore = o.template.NotAfter.Add(-lifetime)
	return nil
}

func notYetValid(o *order) error {
	o.template.NotBefore = time.Now().Add(validIn)
	o.template.NotAfter = o.template.NotBefore.Add(lifetime)
	return nil
}

// expire has the certificate run out at the first full second that is no sooner
// than in: a certificate tells time in seconds.
func (o *order) expire(in time.Duration) error {
	if in <= 0 || in > lifetime {
		return fmt.Errorf("let it run out in %s: must be more than 0 and at most %s", in, lifetime)
	}
	end := time.Now().Add(in)
	o.template.NotAfter = end.Truncate(time.Second)
	if o.template.NotAfter.Before(end) {
		o.template.NotAfter = o.template.NotAfter.Add(time.Second)
	}
	return nil
}

func otherName(o *order) error {
	o.template.Subject.CommonName = wrongName
	o.template.DNSNames = []string{wrongName}
	o.template.IPAddresses = nil
	return nil
}

func clusterDomainOnly(o *order) error {
	o.template.DNSNames = slices.DeleteFunc(o.template.DNSNames, func(name string) bool { return !strings.HasSuffix(name, clusterDomainSuffix) })
	o.template.IPAddresses = nil
	if len(o.template.DNSNames) == 0 {
		return fmt.Errorf("none of the names ends in %s", clusterDomainSuffix)
	}
	o.template.Subject.CommonName = ""
	return nil
}

func commonNameOnly(o *order) error {
	if o.template.Subject.CommonName == "" {
		return fmt.Errorf("the first name has more than %d characters, which do not fit into the common name", longestCommonName)
	}
	o.template.DNSNames, o.template.IPAddresses = nil, nil
	return nil
}

func strangeAuthority(o *order) (err error) {
	o.signer, err = NewAuthority("somebody else")
	return err
}

func selfSigned(o *order) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	// All that is taken from a signer's certificate is its subject.
	self := o.template
	o.key, o.signer = key, &Authority{certificate: &self, key: key}
	return nil
}

func incompleteChain(o *order) (err error) {
	o.signer, err = o.signer.intermediate()
	return err
}

func insecureSignature(o *order) error {
	o.template.SignatureAlgorithm = x509.ECDSAWithSHA1
	return nil
}

func weakKey(o *order) (err error) {
	o.key, err = rsa.GenerateKey(rand.Reader, weakBits)
	return err
}
