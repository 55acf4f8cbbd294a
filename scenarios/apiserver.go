// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/pki"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// stopAPIServer ends a kube-apiserver, and starts it again at the end unless the
// scenario has.
func (w *world) stopAPIServer(ctx context.Context, i int) error {
	if err := w.cluster.StopAPIServer(ctx, i); err != nil {
		return err
	}
	w.down(i, func(ctx context.Context) error { return w.cluster.StartAPIServer(ctx, i) })
	return nil
}

func (w *world) pauseAPIServer(i int) error {
	if err := w.cluster.PauseAPIServer(i); err != nil {
		return err
	}
	w.down(i, func(context.Context) error { return w.cluster.ResumeAPIServer(i) })
	return nil
}

// down remembers what brings a kube-apiserver back, for the scenario's own
// actions and for its end, whichever comes first.
func (w *world) down(i int, back func(context.Context) error) {
	w.mu.Lock()
	if w.backs == nil {
		w.backs = map[int]func(context.Context) error{}
	}
	w.backs[i] = back
	w.mu.Unlock()
	w.undo.push("the loss of a kube-apiserver", func(ctx context.Context) error {
		w.mu.Lock()
		back, stillDown := w.backs[i]
		delete(w.backs, i)
		w.mu.Unlock()
		if !stillDown {
			return nil
		}
		return back(ctx)
	})
}

// bring does an action that brings a kube-apiserver back.
func (w *world) bring(i int, back func() error) error {
	if err := back(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.backs, i)
	return nil
}

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

// faultOf is the name that the pki package has for a fault.
func faultOf(fault v1alpha1.CertificateFault) pki.Fault {
	if fault == v1alpha1.CertificateGood {
		return ""
	}
	return pki.Fault(fault)
}
