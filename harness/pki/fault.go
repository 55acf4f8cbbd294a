// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"fmt"
	"strings"
	"time"
)

// Fault names one thing that is wrong with a serving certificate.
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

	// WrongName is a certificate for another server,
	// wrong-name.wrong-namespace.svc. The aggregator says "x509: certificate is
	// valid for wrong-name.wrong-namespace.svc, not <service>.<namespace>.svc".
	WrongName Fault = "WrongName"

	// WrongAuthority is a certificate signed by an authority that nobody has heard
	// of, made for this one certificate and called "somebody else". The aggregator
	// says "x509: certificate signed by unknown authority" and no more. (Were the
	// stranger called like the real authority, the text would go on with a
	// signature that did not verify.)
	WrongAuthority Fault = "WrongAuthority"
)

const (
	// expiredSince is far enough back that no jump of a clock by a time zone's
	// half hour or a leap of a virtual machine makes the certificate good again,
	// and is a round figure in the message.
	expiredSince = time.Hour

	// validIn is longer than any run, so that waiting never mends the fault.
	validIn = 24 * time.Hour

	wrongName = "wrong-name.wrong-namespace.svc"
)

// entry is what there is to know about a fault.
type entry struct {
	fault Fault
	// says is the part of the verifier's text that does not vary.
	says string
	// spoil puts the fault into an order that is otherwise good.
	spoil func(*order) error
}

// entries holds every fault, in the order in which they are listed. The texts
// are those of crypto/x509, which the aggregator passes on.
var entries = []entry{
	{
		fault: Expired,
		says:  "x509: certificate has expired or is not yet valid: current time",
		spoil: func(o *order) error {
			o.template.NotAfter = time.Now().Add(-expiredSince)
			o.template.NotBefore = o.template.NotAfter.Add(-lifetime)
			return nil
		},
	},
	{
		fault: NotYetValid,
		says:  "x509: certificate has expired or is not yet valid: current time",
		spoil: func(o *order) error {
			o.template.NotBefore = time.Now().Add(validIn)
			o.template.NotAfter = o.template.NotBefore.Add(lifetime)
			return nil
		},
	},
	{
		fault: WrongName,
		says:  "x509: certificate is valid for " + wrongName + ", not",
		spoil: func(o *order) error {
			o.template.Subject.CommonName = wrongName
			o.template.DNSNames = []string{wrongName}
			o.template.IPAddresses = nil
			return nil
		},
	},
	{
		fault: WrongAuthority,
		says:  "x509: certificate signed by unknown authority",
		spoil: func(o *order) (err error) {
			o.signer, err = NewAuthority("somebody else")
			return err
		},
	},
}

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
// unknown fault.
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
