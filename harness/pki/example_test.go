// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aggtest/aggtest/harness/pki"
)

// A server gets the names of its Service; its authority goes to the caBundle.
func Example() {
	authority, err := pki.NewAuthority("my-api-server")
	if err != nil {
		panic(err)
	}
	certificate, err := authority.Serving(pki.ServiceNames("my-api-server", "custom-system")...)
	if err != nil {
		panic(err)
	}

	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.TLS()}}
	server.StartTLS()
	defer server.Close()

	fmt.Println(certificate.Leaf().Issuer)
	for _, name := range certificate.Leaf().DNSNames {
		fmt.Println(name)
	}
	// Output:
	// CN=my-api-server
	// my-api-server.custom-system.svc
	// my-api-server.custom-system.svc.cluster.local
	// my-api-server.custom-system
	// my-api-server
}

// The aggregator's message for each bad certificate has a part that never
// varies.
func ExampleFault_Says() {
	for _, fault := range pki.Faults() {
		fmt.Printf("%s: %q\n", fault, fault.Says())
	}
	// Output:
	// Expired: "x509: certificate has expired or is not yet valid: current time"
	// NotYetValid: "x509: certificate has expired or is not yet valid: current time"
	// Expiring: "x509: certificate has expired or is not yet valid: current time"
	// WrongName: "x509: certificate is valid for wrong-name.wrong-namespace.svc, not"
	// ClusterDomainOnly: ".svc.cluster.local, not"
	// CommonNameOnly: "x509: certificate relies on legacy Common Name field, use SANs instead"
	// WrongAuthority: "x509: certificate signed by unknown authority"
	// SelfSigned: "x509: certificate signed by unknown authority"
	// IncompleteChain: "x509: certificate signed by unknown authority"
	// InsecureSignature: "x509: cannot verify signature: insecure algorithm ECDSA-SHA1"
	// WeakKey: ""
}
