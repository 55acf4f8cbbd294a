// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/pki"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// notPEM is what Kubernetes takes for a caBundle without a word
// (k8s.io/kube-aggregator@v0.37.2/pkg/apis/apiregistration/validation/validation.go:36).
const notPEM = "this is no certificate\n"

func (s *server) setCertificate(w *world, a *v1alpha1.CertificateAction) error {
	replica, err := s.checkReplica(&v1alpha1.ServerReference{Server: a.Server, Replica: a.Replica})
	if err != nil {
		return err
	}
	if err := s.harness.SetCertificateOf(replica, orderOf(a.Fault, time.Duration(a.ExpiresIn))); err != nil {
		return err
	}
	w.undo.push("certificate of "+s.given.Name, func(context.Context) error {
		return s.harness.SetCertificateOf(-1, orderOf(s.given.Certificate, 0))
	})
	return nil
}

func orderOf(fault v1alpha1.CertificateFault, expiresIn time.Duration) harness.CertificateOrder {
	if fault == v1alpha1.CertificateMissing {
		return harness.CertificateOrder{None: true}
	}
	return harness.CertificateOrder{Fault: faultOf(fault), ExpiresIn: expiresIn}
}

// givenFault is the fault of the certificate that a server begins with. One that
// is to have none gets it taken away afterwards.
func givenFault(fault v1alpha1.CertificateFault) pki.Fault {
	if fault == v1alpha1.CertificateMissing {
		return ""
	}
	return faultOf(fault)
}

func (s *server) setTLS(w *world, t v1alpha1.TLS) error {
	if err := s.harness.SetTLS(tlsOf(&t)); err != nil {
		return err
	}
	w.undo.push("TLS of "+s.given.Name, func(context.Context) error { return s.harness.SetTLS(tlsOf(s.given.TLS)) })
	return nil
}

// tlsOf is the harness's form of what a scenario says of TLS.
func tlsOf(t *v1alpha1.TLS) harness.TLS {
	if t == nil {
		return harness.TLS{}
	}
	versions := map[v1alpha1.TLSVersion]uint16{
		v1alpha1.TLS10: tls.VersionTLS10, v1alpha1.TLS11: tls.VersionTLS11,
		v1alpha1.TLS12: tls.VersionTLS12, v1alpha1.TLS13: tls.VersionTLS13,
	}
	config := harness.TLS{
		ClientCertificate: harness.ClientCertificate(t.ClientCertificate),
		MinVersion:        versions[t.MinVersion], MaxVersion: versions[t.MaxVersion],
	}
	if len(t.ALPN) > 0 {
		config.NextProtos = t.ALPN
	}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		for _, name := range t.CipherSuites {
			if name == suite.Name {
				config.CipherSuites = append(config.CipherSuites, suite.ID)
			}
		}
	}
	return config
}

// caBundle is the PEM that a scenario means.
func (s *server) caBundle(which v1alpha1.CABundle) ([]byte, error) {
	var bundles [][]byte
	switch which {
	case v1alpha1.CABundleNone:
		return nil, nil
	case v1alpha1.CABundleNotPEM:
		return []byte(notPEM), nil
	case v1alpha1.CABundleServer, "":
		bundles = [][]byte{s.harness.CABundle()}
	case v1alpha1.CABundleOther, v1alpha1.CABundleServerAndOther:
		other, err := s.harness.OtherCABundle()
		if err != nil {
			return nil, err
		}
		bundles = [][]byte{other}
		if which == v1alpha1.CABundleServerAndOther {
			bundles = [][]byte{s.harness.CABundle(), other}
		}
	case v1alpha1.CABundlePrevious, v1alpha1.CABundleServerAndPrevious:
		previous := s.harness.PreviousCABundle()
		if previous == nil {
			return nil, fmt.Errorf("server %s has no authority before its present one: rotate it first", s.given.Name)
		}
		bundles = [][]byte{previous}
		if which == v1alpha1.CABundleServerAndPrevious {
			bundles = [][]byte{s.harness.CABundle(), previous}
		}
	default:
		return nil, fmt.Errorf("there is no caBundle %q", which)
	}
	return bytes.Join(bundles, nil), nil
}

// setCABundle changes the field in place, and leaves the way back to the end of
// the scenario, which takes its APIServices away.
func (w *world) setCABundle(ctx context.Context, s *server, a *v1alpha1.CABundleAction) error {
	w.follow(a.APIService)
	bundle, err := s.caBundle(a.CABundle)
	if err != nil {
		return err
	}
	return w.cluster.SetCABundle(ctx, a.APIService, bundle)
}

// faultOf is the name that the pki package has for a fault.
func faultOf(fault v1alpha1.CertificateFault) pki.Fault {
	if fault == v1alpha1.CertificateGood {
		return ""
	}
	return pki.Fault(fault)
}
