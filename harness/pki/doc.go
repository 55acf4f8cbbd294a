// SPDX-License-Identifier: Apache-2.0

// Package pki makes the certificate authorities and certificates of a test
// cluster: good ones, and bad ones by name.
//
// Everything is ECDSA P-256, but for [WeakKey], and lives in memory; nothing is
// read from or written to disk. A whole control plane's worth takes a few milliseconds.
//
// # Good certificates
//
// An [Authority] signs serving certificates for names and client certificates
// for users. The aggregator verifies a server behind an APIService by the name
// <service>.<namespace>.svc and the APIService's caBundle
// (k8s.io/kube-aggregator@v0.37.2/pkg/controllers/status/remote/remote_available_controller.go:172),
// so a server gets the names of its Service and the authority's certificate
// goes to the caBundle:
//
//	authority, err := pki.NewAuthority("my-api-server")
//	certificate, err := authority.Serving(pki.ServiceNames("my-api-server", "custom-system")...)
//	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate.TLS()}}
//	apiService.Spec.CABundle = authority.CertificatePEM()
//
// A [ControlPlane] is the set that a kube-apiserver needs. Its authorities are
// apart from one another, as in production: who can sign a serving certificate
// cannot make himself a user, and who can make users cannot pass for the front
// proxy.
//
// # Bad certificates
//
// A [Fault] names one thing that is wrong with a certificate; everything else
// about it is right:
//
//	certificate, err := authority.ServingWithFault(pki.Expired, pki.ServiceNames("my-api-server", "custom-system")...)
//
// From Kubernetes 1.36 on, the APIService then becomes Available=False with
// reason FailedDiscoveryCheck and a message that holds the text that
// [Fault.Says] gives; requests through the aggregator get 503. Until 1.35 the
// availability check did not verify the certificate: the condition stayed True
// while requests got 503 with the text in the body
// (https://github.com/kubernetes/kubernetes/pull/137157).
//
// A kube-apiserver keeps its connections: a certificate exchanged on a running
// server is seen at the next dial, not before. The same holds for one that runs
// out ([Expiring], [Authority.ServingExpiring]).
//
// The faults are as bad as Go makes certificates. What it has stopped to make or
// to read was decided release by release: MD5 signatures, common names instead
// of SANs (x509ignoreCN, gone in Go 1.17), SHA-1 signatures (x509sha1, gone in Go
// 1.24, for verifying alone) and RSA keys below 1024 bits (rsa1024min, since Go
// 1.24). kube-apiserver sets no such GODEBUG, and neither does this package.
package pki
