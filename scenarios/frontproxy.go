// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// setFrontProxy replaces the aggregator's client certificate, and undoes it with
// a good one.
func (w *world) setFrontProxy(a *v1alpha1.FrontProxyAction) error {
	which := -1
	if a.APIServer != nil {
		which = *a.APIServer
	}
	if err := w.cluster.SetFrontProxyCertificate(which, faultOf(a.Fault)); err != nil {
		return err
	}
	w.undo.push("front proxy", func(context.Context) error { return w.cluster.SetFrontProxyCertificate(which, "") })
	return nil
}

// frontProxyOf is the harness's name for what a scenario gives.
func frontProxyOf(given *v1alpha1.FrontProxy) harness.FrontProxyConfig {
	if given == nil {
		return harness.FrontProxyConfig{}
	}
	config := harness.FrontProxyConfig{
		Certificate: faultOf(given.Certificate), NoCertificate: given.NoCertificate, SharedCA: given.SharedCA,
	}
	if len(given.AllowedNames) > 0 {
		config.AllowedNames = given.AllowedNames
	}
	if given.AnyName {
		config.AllowedNames = []string{}
	}
	return config
}
