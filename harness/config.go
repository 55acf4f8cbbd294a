// SPDX-License-Identifier: Apache-2.0

package harness

import (
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
	// Flags are set on each kube-apiserver, over aggtest's own. A name has no
	// dashes in front.
	Flags map[string]string
	// Env is added to the environment of each kube-apiserver. HTTP_PROXY and its
	// kin are never inherited; one that stands here is set.
	Env map[string]string
	// Timeline is where everything is recorded. Nil means a new one.
	Timeline *timeline.Timeline
	// Progress is told the stages of the boot, a line each. Nil means nobody is.
	Progress func(line string)
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
