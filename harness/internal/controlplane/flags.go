// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// never is a time-out for envtest that cannot come first: Start's own limit and
// ctx end a start.
const never = 24 * time.Hour

// etcdChild is the etcd of a work folder as envtest sees it.
//
// kube-apiservers reach it by a UNIX socket in the work folder. So a
// kube-apiserver can never meet the etcd of another run, even when that one got
// our port first. Everybody else uses the port.
func (l layout) etcdChild(port int) *envtest.Etcd {
	etcd := &envtest.Etcd{
		URL:          &url.URL{Scheme: "http", Host: hostPort(port)},
		Path:         l.launcher(etcdName),
		DataDir:      l.etcdData(),
		StartTimeout: never,
	}
	etcd.Configure().
		Set("listen-client-urls", etcd.URL.String()+","+l.etcdURL().String()).
		// Port 0: there is no peer that would have to know it.
		Set("listen-peer-urls", "http://"+net.JoinHostPort(loopback, "0")).
		// A member that is alone waits for one election time-out before it
		// leads, which is 0.7 s of the start with etcd's defaults (100, 1000).
		// Nobody else ever votes, so that nothing is lost by a short one.
		Set("heartbeat-interval", "10").
		Set("election-timeout", "100")
	return etcd
}

func (l layout) etcdURL() *url.URL { return &url.URL{Scheme: "unix", Path: l.etcdSocket()} }

// apiServerChild is one kube-apiserver as envtest sees it.
func (l layout) apiServerChild(server APIServer, port int) *envtest.APIServer {
	child := &envtest.APIServer{
		SecureServing: envtest.SecureServing{
			ListenAddr: envtest.ListenAddr{Address: loopback, Port: strconv.Itoa(port)},
			Authn:      ownClientCA{},
		},
		Path:         l.launcher(server.Name),
		CertDir:      l.certs(server.Name),
		EtcdURL:      l.etcdURL(),
		StartTimeout: never,
	}
	file := func(name string) string { return l.file(server.Name, name) }
	flags := child.Configure().
		// A /16, as clusters have; envtest's /24 is full after 250 Services.
		Set("service-cluster-ip-range", "10.0.0.0/16").
		// Without an address kube-apiserver looks for one by the default route,
		// and dies on a machine that has none.
		Set("advertise-address", loopback).
		// 127.0.0.1 is no legal endpoint of the Service default/kubernetes.
		Set("endpoint-reconciler-type", "none").
		Set("client-ca-file", file(clientCA)).
		Set("requestheader-client-ca-file", file(requestHeaderCA)).
		Set("requestheader-allowed-names", FrontProxyName).
		Set("requestheader-username-headers", "X-Remote-User").
		Set("requestheader-group-headers", "X-Remote-Group").
		Set("requestheader-extra-headers-prefix", "X-Remote-Extra-").
		// Only with this flag do extension servers learn to read the header
		// (k8s.io/apiserver@v0.37.2/pkg/server/options/authentication.go:258-263).
		Set("requestheader-uid-headers", "X-Remote-Uid").
		Set("proxy-client-cert-file", file(frontProxyCert)).
		Set("proxy-client-key-file", file(frontProxyKey))
	if len(server.EgressSelectorConfig) > 0 {
		flags.Set("egress-selector-config-file", file(egressConfig))
	}
	for _, name := range server.Without {
		flags.Disable(name)
	}
	for name, value := range server.Flags {
		flags.Set(name, value)
	}
	return child
}

func hostPort(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

// ownClientCA keeps envtest from making a client authority: ours is set by flag.
type ownClientCA struct{}

var _ envtest.Authn = ownClientCA{}

func (ownClientCA) Configure(string, *envtest.Arguments) error { return nil }
func (ownClientCA) Start() error                               { return nil }
func (ownClientCA) Stop() error                                { return nil }

func (ownClientCA) AddUser(envtest.User, *rest.Config) (*rest.Config, error) {
	return nil, errors.New("users are not made here: the harness has the client authority's key")
}
