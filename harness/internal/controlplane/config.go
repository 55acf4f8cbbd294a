// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

// Config says what a control plane is made of. It is data only: no field is
// changed by [Start].
type Config struct {
	// Dir is the folder that holds all the control plane's files: launchers,
	// certificates, etcd's data and its socket, logs. It is made when it is not
	// there, and removed with all its contents by [ControlPlane.Stop]. Empty: a
	// new folder aggtest-* under os.TempDir. Its path must be short enough for a
	// UNIX socket (about 90 characters).
	Dir string
	// Etcd is the path of the etcd binary. Required.
	Etcd string
	// KubeAPIServer is the path of the kube-apiserver binary. Required, unless
	// each of APIServers has a path of its own.
	KubeAPIServer string
	// PKI holds the certificates and keys. All of it is required.
	PKI PKI
	// APIServers are the kube-apiservers, all on the one etcd. Empty: one, with
	// the zero APIServer.
	APIServers []APIServer
	// Record is where the run's children and files are written down, for
	// [Sweep]. Nil: Start makes one and Stop closes it.
	Record *Record
	// Timeline gets a timeline.Process for each child that starts, becomes
	// ready, stops or exits. Nil discards them.
	Timeline *timeline.Timeline
	// StartLimit is how long Start may take in all, when ctx ends no sooner. 0
	// is two minutes: a start takes 2 to 4 seconds, and kube-apiserver itself
	// gives up on its slowest start hook after one minute
	// (k8s.io/kubernetes@v1.37.2/pkg/registry/core/rest/storage_core.go:516-559).
	StartLimit time.Duration

	// ports chooses n free ports. Nil is freePorts; tests give taken ones.
	ports func(n int) ([]int, error)
}

// APIServer is one kube-apiserver.
type APIServer struct {
	// Name is its name in files, errors and on the timeline. It must be unique
	// and made of lower-case letters, digits and dashes. Empty:
	// kube-apiserver-0, kube-apiserver-1, by position.
	Name string
	// Path is the binary of this one. Empty: Config.KubeAPIServer.
	Path string
	// Flags are set on top of the package's own, and replace those of the same
	// name. The key is the flag's name without dashes; an empty value is set as
	// such (--name=). Flags that the package
	// needs to find the server again (secure-port, bind-address, etcd-servers)
	// are refused.
	Flags map[string]string
	// Without names flags of the package's own that are left out, so that
	// kube-apiserver's default holds.
	Without []string
	// Env is added to the environment of the child, which is the caller's
	// without the proxy variables (HTTP_PROXY and its like): kube-apiserver
	// would send proxied requests there even with an egress selector
	// (k8s.io/client-go@v0.37.2/transport/cache.go:142). To set one on purpose,
	// name it here.
	Env map[string]string
	// EgressSelectorConfig is the EgressSelectorConfiguration in YAML. Empty:
	// no egress selector.
	EgressSelectorConfig []byte
}

// KeyPair is a certificate, with its chain if any, and its private key.
type KeyPair struct {
	// Cert and Key are PEM.
	Cert, Key []byte
}

// PKI holds what the control plane needs of certificates and keys, as PEM.
type PKI struct {
	// ClientCA signs the client certificates of users (--client-ca-file).
	ClientCA []byte
	// RequestHeaderCA signs the front proxy's client certificate
	// (--requestheader-client-ca-file).
	RequestHeaderCA []byte
	// FrontProxy is the identity of the aggregator towards the servers behind
	// it (--proxy-client-cert-file), for as long as
	// [ControlPlane.SetFrontProxy] gives no other. Its common name should be
	// [FrontProxyName], which is the one allowed name unless a flag says
	// otherwise.
	FrontProxy KeyPair
	// ServingCA signs Serving.
	ServingCA []byte
	// Serving is the kube-apiservers' serving certificate. It must be good for
	// the IP address 127.0.0.1.
	Serving KeyPair
	// ServiceAccountPublicKey and ServiceAccountPrivateKey verify and sign
	// service account tokens. The public key is a PEM public key or certificate.
	ServiceAccountPublicKey, ServiceAccountPrivateKey []byte
	// Admin is a client certificate of group system:masters, which is let
	// through before any RBAC role exists. It asks for readiness.
	Admin KeyPair
}

// FrontProxyName is the common name that kube-apiserver, and each server behind
// it, accepts of a front proxy (--requestheader-allowed-names).
const FrontProxyName = "front-proxy-client"
