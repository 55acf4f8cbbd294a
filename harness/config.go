// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aggtest/aggtest/harness/pki"
	"github.com/aggtest/aggtest/harness/timeline"
)

// Config says what control plane to boot. The zero value is one kube-apiserver
// of the default Kubernetes version with aggtest's own flags.
type Config struct {
	// Kubernetes is the version of the control plane, such as v1.37.2. Empty
	// means [DefaultKubernetes].
	Kubernetes string
	// Binaries says where the control plane's programs come from. The zero
	// value looks in the usual places and, if need be, builds them.
	Binaries BinariesConfig
	// APIServers is the number of kube-apiservers on the one etcd. 0 means 1.
	APIServers int
	// Each holds what is special about single kube-apiservers, by their number.
	// It may be shorter than APIServers and must not be longer.
	Each []APIServerConfig
	// Flags are set on each kube-apiserver, over aggtest's own. A name has no
	// dashes in front. An empty value is set as such (--name=); to leave one of
	// aggtest's own flags out, name it in WithoutFlags.
	Flags map[string]string
	// WithoutFlags names flags of aggtest's own that no kube-apiserver gets, so
	// that its default holds.
	WithoutFlags []string
	// Env is added to the environment of each kube-apiserver. HTTP_PROXY and its
	// kin are never inherited; one that stands here is set.
	Env map[string]string
	// ControllerManager asks for a kube-controller-manager. The zero value is none.
	ControllerManager ControllerManagerConfig
	// FrontProxy says what is unusual about the aggregator's identity and how it
	// is trusted. The zero value is nothing.
	FrontProxy FrontProxyConfig
	// NoEgressSelector keeps the kube-apiservers off the virtual network: they
	// dial by themselves, so that only ExternalName Services and addresses of
	// this machine reach anything, and no link can be broken. It is for
	// comparisons.
	NoEgressSelector bool
	// Timeline is where everything is recorded. Nil means a new one.
	Timeline *timeline.Timeline
	// Progress is told the stages of the boot, a line each. Nil means nobody is.
	Progress func(line string)
}

// APIServerConfig is what is special about one kube-apiserver.
type APIServerConfig struct {
	// Flags and WithoutFlags are for this one, over Config's.
	Flags        map[string]string
	WithoutFlags []string
	// Env is for this one, over Config's.
	Env map[string]string
	// Kubernetes is the version of this one. Empty means Config.Kubernetes. A
	// program of another version is not looked for among those given outright
	// (BinariesConfig.Paths, TEST_ASSET_KUBE_APISERVER, KUBEBUILDER_ASSETS),
	// which are Config.Kubernetes's.
	Kubernetes string
}

// FrontProxyConfig is about the certificate by which the aggregator shows
// servers behind APIServices that it may speak for others, and about whom those
// servers are told to believe.
type FrontProxyConfig struct {
	// Certificate is what is wrong with the aggregator's client certificate from
	// the start. Empty means nothing. [Cluster.SetFrontProxyCertificate] changes
	// it later.
	Certificate pki.Fault
	// NoCertificate leaves --proxy-client-cert-file and its key out: the
	// aggregator shows no certificate, and no server should believe whom it
	// claims to speak for.
	NoCertificate bool
	// AllowedNames are the common names that servers accept
	// (--requestheader-allowed-names). Nil means the certificate's own, and empty
	// but not nil any name.
	AllowedNames []string
	// SharedCA makes one authority sign the users' certificates and the
	// aggregator's. Then the name alone tells them apart: kube-apiserver refuses
	// to start with it and no AllowedNames
	// (k8s.io/kubernetes@v1.37.2/pkg/kubeapiserver/options/authentication.go:307-319).
	SharedCA bool
}

func (c Config) withDefaults() Config {
	if c.Kubernetes == "" {
		c.Kubernetes = DefaultKubernetes
	}
	c.Binaries.Version = c.Kubernetes
	if c.APIServers == 0 {
		c.APIServers = 1
	}
	if c.Timeline == nil {
		c.Timeline = &timeline.Timeline{}
	}
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
	return c
}

// validate returns every problem of a config with defaults, joined.
func (c Config) validate() error {
	var problems []error
	if c.APIServers < 0 {
		problems = append(problems, fmt.Errorf("%d kube-apiservers: must not be negative", c.APIServers))
	}
	if len(c.Each) > max(0, c.APIServers) {
		problems = append(problems, fmt.Errorf("something special for %d kube-apiservers, and there are %d", len(c.Each), c.APIServers))
	}
	if c.FrontProxy.NoCertificate && c.FrontProxy.Certificate != "" {
		problems = append(problems, fmt.Errorf("no front-proxy certificate, and one with fault %s: choose one of them", c.FrontProxy.Certificate))
	}
	if _, err := controllerNames(c.ControllerManager.Controllers, c.Kubernetes); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// each returns what one kube-apiserver gets in all.
func (c Config) each(i int) APIServerConfig {
	var own APIServerConfig
	if i < len(c.Each) {
		own = c.Each[i]
	}
	flags := map[string]string{}
	without := slices.Clone(c.WithoutFlags)
	if c.FrontProxy.AllowedNames != nil {
		flags[allowedNamesFlag] = list(c.FrontProxy.AllowedNames)
	}
	if c.FrontProxy.NoCertificate {
		without = append(without, "proxy-client-cert-file", "proxy-client-key-file")
	}
	maps.Copy(flags, c.Flags)
	maps.Copy(flags, own.Flags)
	env := map[string]string{}
	maps.Copy(env, c.Env)
	maps.Copy(env, own.Env)
	return APIServerConfig{
		Flags: flags, WithoutFlags: append(without, own.WithoutFlags...), Env: env,
		Kubernetes: orDefault(own.Kubernetes, c.Kubernetes),
	}
}
