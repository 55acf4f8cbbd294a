// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"maps"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// ControlPlane is the configuration of the control plane that a scenario asks
// for: base, with what the scenario wants over it. Nothing wanted gives base.
func ControlPlane(base harness.Config, want *v1alpha1.ControlPlane) harness.Config {
	if want == nil {
		return base
	}
	config := base
	if want.APIServers > 0 {
		config.APIServers = want.APIServers
	}
	config.Flags = over(base.Flags, want.Flags)
	config.Env = over(base.Env, want.Env)
	if want.Kubernetes != "" {
		config.Kubernetes = want.Kubernetes
	}
	for _, one := range want.Each {
		config.Each = append(config.Each, harness.APIServerConfig{Flags: one.Flags, Env: one.Env, Kubernetes: one.Kubernetes})
	}
	config.FrontProxy = frontProxyOf(want.FrontProxy)
	if m := want.ControllerManager; m != nil {
		config.ControllerManager = harness.ControllerManagerConfig{
			Controllers: m.Controllers, Flags: m.Flags, Env: m.Env, Stopped: m.Stopped,
		}
	}
	return config
}

// over is the entries of both, where the upper ones win.
func over(lower, upper map[string]string) map[string]string {
	both := maps.Clone(lower)
	if both == nil {
		both = map[string]string{}
	}
	maps.Copy(both, upper)
	return both
}
