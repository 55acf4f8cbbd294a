// SPDX-License-Identifier: Apache-2.0

package pki

import "fmt"

// FrontProxyUser is the common name of the certificate by which a kube-apiserver
// shows servers behind APIServices that it may speak for other users. It belongs
// into --requestheader-allowed-names.
const FrontProxyUser = "front-proxy-client"

// ControlPlane is what the kube-apiservers of one cluster share. The authorities
// have nothing in common, so that no certificate is good for two purposes: were
// the client authority also the front proxy's, each user could pass for any other
// by the X-Remote-User header.
type ControlPlane struct {
	// Serving signs the kube-apiservers' serving certificates.
	Serving *Authority
	// Client signs users' certificates: --client-ca-file.
	Client *Authority
	// FrontProxy signs the aggregator's client certificate:
	// --requestheader-client-ca-file.
	FrontProxy *Authority
	// ServiceAccounts signs service accounts' tokens.
	ServiceAccounts *SigningKey
}

// NewControlPlane makes the authorities and the key.
func NewControlPlane() (*ControlPlane, error) {
	var (
		c   ControlPlane
		err error
	)
	for _, made := range []struct {
		authority **Authority
		name      string
	}{
		{&c.Serving, "kubernetes-serving"},
		{&c.Client, "kubernetes-client"},
		{&c.FrontProxy, "kubernetes-front-proxy"},
	} {
		if *made.authority, err = NewAuthority(made.name); err != nil {
			return nil, fmt.Errorf("make a control plane's authorities: %w", err)
		}
	}
	if c.ServiceAccounts, err = NewSigningKey(); err != nil {
		return nil, fmt.Errorf("make the service accounts' key: %w", err)
	}
	return &c, nil
}

// APIServer makes a kube-apiserver's serving certificate. It is good for
// loopback, for the names of the Service default/kubernetes, for 10.0.0.1, which
// that Service gets when --service-cluster-ip-range is 10.0.0.0/24 (the first
// address of the range), and for the further names.
func (c *ControlPlane) APIServer(names ...string) (*Certificate, error) {
	all := append([]string{"localhost", "127.0.0.1", "::1", "10.0.0.1"}, ServiceNames("kubernetes", "default")...)
	return c.Serving.Serving(append(all, names...)...)
}

// FrontProxyClient makes the certificate of the aggregator in a kube-apiserver:
// --proxy-client-cert-file. It has no groups: whom it speaks for stands in the
// requests' headers, and it must not be worth anything by itself.
func (c *ControlPlane) FrontProxyClient() (*Certificate, error) {
	return c.FrontProxy.Client(FrontProxyUser)
}

// Admin makes the certificate of a user who may do everything: the group
// system:masters passes by every authorizer
// (k8s.io/apiserver@v0.37.2/pkg/authorization/authorizerfactory/builtin.go:100).
// A server under test must not get it.
func (c *ControlPlane) Admin() (*Certificate, error) {
	return c.Client.Client("admin", "system:masters")
}
