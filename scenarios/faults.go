// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"fmt"
	"iter"
	"slices"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// Variant is a scenario with one of its faults taken out.
type Variant struct {
	// Without says which fault was taken out, and where it stood.
	Without string
	// Case is the scenario without it.
	Case *v1alpha1.Case
}

// WithoutEachFault gives a variant of the scenario for each fault in it. A
// scenario that still passes without one of its faults does not show what it
// says, so each variant must fail: run them to find out.
//
// Faults are what is given wrong: a certificate, TLS, lies, an answer, the front
// proxy, another caBundle than the server's where a certificate is checked, and
// another port than the Service's; and the actions for which [IsFault] is true.
// The scenario itself is not changed.
func WithoutEachFault(c *v1alpha1.Case) []Variant {
	var variants []Variant
	add := func(without string, change func(*v1alpha1.Case)) {
		variant := copyOf(c)
		change(variant)
		variants = append(variants, Variant{Without: without, Case: variant})
	}
	given := &c.Spec.Given
	if c.Spec.Given.ControlPlane != nil && c.Spec.Given.ControlPlane.FrontProxy != nil {
		add("spec.given.controlPlane.frontProxy", func(v *v1alpha1.Case) {
			usual := *v.Spec.Given.ControlPlane
			usual.FrontProxy = nil
			v.Spec.Given.ControlPlane = &usual
		})
	}
	for i, s := range given.Servers {
		at := fmt.Sprintf("spec.given.servers[%d]", i)
		if isBad(s.Certificate) {
			add(fmt.Sprintf("%s: certificate %s", at, s.Certificate), func(v *v1alpha1.Case) {
				v.Spec.Given.Servers[i].Certificate = v1alpha1.CertificateGood
			})
		}
		if s.TLS != nil {
			add(at+": tls", func(v *v1alpha1.Case) { v.Spec.Given.Servers[i].TLS = nil })
		}
		if len(s.Lies) > 0 {
			add(fmt.Sprintf("%s: lies %s", at, joined(s.Lies)), func(v *v1alpha1.Case) { v.Spec.Given.Servers[i].Lies = nil })
		}
		for k, answer := range s.Answers {
			add(fmt.Sprintf("%s: the answer to %s", at, answer.Path), func(v *v1alpha1.Case) {
				v.Spec.Given.Servers[i].Answers = slices.Delete(slices.Clone(s.Answers), k, k+1)
			})
		}
	}
	for i := range given.APIServices {
		for what, corrected := range corrections(&c.Scenario, given.APIServices[i]) {
			add(fmt.Sprintf("spec.given.apiServices[%d]: %s", i, what), func(v *v1alpha1.Case) {
				v.Spec.Given.APIServices[i] = corrected
			})
		}
	}
	for i := range c.Spec.Steps {
		for k := range c.Spec.Steps[i].Do {
			action := &c.Spec.Steps[i].Do[k]
			at := fmt.Sprintf("spec.steps[%d].do[%d]", i, k)
			if IsFault(&c.Scenario, action) {
				add(at+": "+describeAction(action), func(v *v1alpha1.Case) {
					v.Spec.Steps[i].Do = slices.Delete(v.Spec.Steps[i].Do, k, k+1)
				})
			}
			if action.Register == nil {
				continue
			}
			for what, corrected := range corrections(&c.Scenario, *action.Register) {
				add(at+": "+what, func(v *v1alpha1.Case) { v.Spec.Steps[i].Do[k].Register = &corrected })
			}
		}
	}
	return variants
}

// IsFault tells whether an action of the scenario breaks or changes something
// that the scenario is about: a certificate with a fault, other TLS, another
// authority, a link that is broken, an answer, other values of a metric, a lie, fewer endpoints than
// replicas, an object deleted or patched, a process stopped or paused, a bad
// certificate of the front proxy. Making, registering, cutting, restarting,
// touching, mending, kubectl, requests and traffic are none: they build, uncover,
// look or end.
func IsFault(s *v1alpha1.Scenario, action *v1alpha1.Action) bool {
	switch {
	case action.Certificate != nil:
		return isBad(action.Certificate.Fault)
	case action.Endpoints != nil:
		of := s.Server(action.Endpoints.Server)
		return of == nil || action.Endpoints.Ready < max(of.Replicas, 1)
	case action.FrontProxy != nil:
		return isBad(action.FrontProxy.Fault)
	case action.CABundle != nil:
		return action.CABundle.CABundle != v1alpha1.CABundleServer
	case action.Discovery != nil:
		return len(action.Discovery.Lies) > 0
	case action.Link != nil:
		// It cuts, as the action of that name does.
		return action.Link.Fault != v1alpha1.LinkCut || action.Link.Connections != "" && action.Link.Connections != v1alpha1.LinkOpen
	}
	return action.Refuse != nil || action.Answer != nil || action.Set != nil || action.Delete != nil || action.Patch != nil ||
		action.TLS != nil || action.Rotate != nil || action.Stop != nil || action.Pause != nil
}

func isBad(fault v1alpha1.CertificateFault) bool {
	return fault != "" && fault != v1alpha1.CertificateGood
}

// corrections yields what is wrong with a registration, with the registration
// without that.
func corrections(s *v1alpha1.Scenario, service v1alpha1.APIService) iter.Seq2[string, v1alpha1.APIService] {
	return func(yield func(string, v1alpha1.APIService) bool) {
		if service.CABundle == v1alpha1.CABundleOther || service.CABundle == v1alpha1.CABundleNotPEM || service.CABundle == v1alpha1.CABundleNone && !service.InsecureSkipTLSVerify {
			corrected := service
			corrected.CABundle = v1alpha1.CABundleServer
			if !yield("caBundle "+string(service.CABundle), corrected) {
				return
			}
		}
		if of := s.Server(service.Server); of != nil && service.Port != 0 && service.Port != of.Port {
			corrected := service
			corrected.Port = of.Port
			yield(fmt.Sprintf("port %d", service.Port), corrected)
		}
	}
}

// copyOf is a copy in which the lists of servers, APIServices, steps and actions
// can be changed. What they hold is shared.
func copyOf(c *v1alpha1.Case) *v1alpha1.Case {
	v := *c
	v.Spec.Given.Servers = slices.Clone(c.Spec.Given.Servers)
	v.Spec.Given.APIServices = slices.Clone(c.Spec.Given.APIServices)
	v.Spec.Steps = slices.Clone(c.Spec.Steps)
	for i := range v.Spec.Steps {
		v.Spec.Steps[i].Do = slices.Clone(v.Spec.Steps[i].Do)
	}
	return &v
}
