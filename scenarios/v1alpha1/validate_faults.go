// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"crypto/tls"
	"slices"
	"strings"

	"github.com/aggtest/aggtest/scenarios/internal/spelling"
)

// faultAction is an action that breaks something, or begins to watch what does.
func (v *validator) faultAction(at string, a *Action) {
	switch {
	case a.Link != nil:
		v.link(at, a.Link)
	case a.Discovery != nil:
		if s := v.server(at+".server", a.Discovery.Server); s != nil {
			v.check(s.Fixture == FixtureScripted, at+".server",
				"%s is not a scripted server, which alone lies in its discovery documents: set its fixture: scripted", s.Name)
		}
	case a.TLS != nil:
		v.server(at+".server", a.TLS.Server)
		v.tls(at, &a.TLS.TLS)
	case a.Rotate != nil:
		v.server(at+".server", a.Rotate.Server)
	case a.CABundle != nil:
		v.server(at+".server", a.CABundle.Server)
		v.form(at+".apiService", a.CABundle.APIService, isAPIServiceName, apiServiceForm)
	case a.FrontProxy != nil:
		v.ownControlPlane(at, a.FrontProxy.APIServer)
		v.frontProxyFault(at+".fault", a.FrontProxy.Fault)
	case a.Traffic != nil:
		v.givenTraffic(at, a.Traffic)
	default:
		for _, r := range []*ProcessReference{a.Stop, a.Start, a.Restart, a.Pause, a.Resume} {
			if r != nil {
				v.process(at, r)
			}
		}
	}
}

// process is one of the control plane's, which must be the scenario's own.
func (v *validator) process(at string, r *ProcessReference) {
	fields := set(verb{"apiServer", r.APIServer != nil}, verb{"controllerManager", r.ControllerManager})
	if !v.exactlyOne(at, "process", fields, []string{"apiServer", "controllerManager"}) {
		return
	}
	v.ownControlPlane(at, r.APIServer)
	if r.ControllerManager && v.scenario.Spec.Given.ControlPlane != nil {
		v.check(v.scenario.Spec.Given.ControlPlane.ControllerManager != nil, at+".controllerManager",
			"there is none: ask for one with given.controlPlane.controllerManager")
	}
}

// ownControlPlane refuses to break a kube-apiserver that others use.
func (v *validator) ownControlPlane(at string, apiServer *int) {
	v.check(v.scenario.Spec.Given.ControlPlane != nil, at,
		"other scenarios use the same control plane: ask for a control plane of the scenario's own with given.controlPlane")
	v.apiServer(at+".apiServer", apiServer)
}

func (v *validator) frontProxyFault(at string, fault CertificateFault) {
	possible := []CertificateFault{"", CertificateGood, CertificateExpired, CertificateNotYetValid, CertificateWrongAuthority}
	v.check(slices.Contains(possible, fault), at, "%q is no fault of a client certificate: there are Expired, NotYetValid and WrongAuthority", fault)
}

// linkFields are the fields of a link that have a meaning for some faults only.
var linkFields = map[string][]LinkFault{
	"delay":          {LinkDelay, LinkSlice},
	"jitter":         {LinkDelay},
	"bytesPerSecond": {LinkBandwidth},
	"sliceBytes":     {LinkSlice},
	"afterBytes":     {LinkReset, LinkLimit},
	"status":         {LinkFailConnect},
}

func (v *validator) link(at string, l *LinkAction) {
	v.replica(at, &ServerReference{Server: l.Server, Replica: l.Replica})
	v.apiServer(at+".apiServer", l.APIServer)
	v.between(at+".port", int(l.Port), 1, 65535)
	v.check(l.Next >= 0, at+".next", "%d is negative", l.Next)
	v.check(l.Fraction >= 0 && l.Fraction <= 1, at+".fraction", "%v is not between 0 and 1", l.Fraction)
	v.check(l.Seed >= 0, at+".seed", "%d is negative", l.Seed)
	v.between(at+".status", l.Status, 400, 599)
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"delay", l.Delay != 0}, {"jitter", l.Jitter != 0}, {"bytesPerSecond", l.BytesPerSecond != 0},
		{"sliceBytes", l.SliceBytes != 0}, {"afterBytes", l.AfterBytes != 0}, {"status", l.Status != 0},
	} {
		faults := linkFields[field.name]
		if field.set && !slices.Contains(faults, l.Fault) {
			names := make([]string, len(faults))
			for i, fault := range faults {
				names[i] = string(fault)
			}
			v.add(at+"."+field.name, "means nothing for the fault %s: it is for %s", l.Fault, strings.Join(names, " and "))
		}
	}
	for field, negative := range map[string]bool{
		"bytesPerSecond": l.BytesPerSecond < 0, "sliceBytes": l.SliceBytes < 0, "afterBytes": l.AfterBytes < 0,
	} {
		v.check(!negative, at+"."+field, "is negative")
	}
	v.check(l.Fault != LinkDelay || l.Delay > 0, at+".delay", "is missing: say how long bytes are held up")
	v.check(l.Fault != LinkBandwidth || l.BytesPerSecond > 0, at+".bytesPerSecond", "is missing: say how many bytes pass in a second")
	v.check(l.Fault != LinkSlice || l.SliceBytes > 0, at+".sliceBytes", "is missing: say how many bytes a slice has")
}

func (v *validator) tls(at string, t *TLS) {
	v.check(t.MinVersion == "" || t.MaxVersion == "" || t.MinVersion <= t.MaxVersion, at+".minVersion",
		"%s is above maxVersion, %s", t.MinVersion, t.MaxVersion)
	var known []string
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		known = append(known, suite.Name)
	}
	for i, name := range t.CipherSuites {
		v.check(slices.Contains(known, name), itemPath(at+".cipherSuites", i), "%q is no cipher suite that Go has%s",
			name, spelling.DidYouMean(name, known))
	}
}

func (v *validator) givenTraffic(at string, t *Traffic) {
	v.form(at+".name", t.Name, scenarioName.MatchString, scenarioNameForm)
	v.path(at+".get", t.Get)
	v.user(at+".as", t.As)
	v.apiServer(at+".apiServer", t.APIServer)
	count := 0
	for _, name := range v.traffic() {
		if name == t.Name {
			count++
		}
	}
	v.check(count < 2, at+".name", "there is another traffic %q", t.Name)
}

// traffic lists the names of all background requests.
func (v *validator) traffic() []string {
	var names []string
	for _, step := range v.scenario.Spec.Steps {
		for _, action := range step.Do {
			if action.Traffic != nil {
				names = append(names, action.Traffic.Name)
			}
		}
	}
	return names
}

// intervals lists the names of all measured intervals.
func (v *validator) intervals() []string {
	var names []string
	for _, step := range v.scenario.Spec.Steps {
		for _, e := range step.Expect {
			if e.Record != "" {
				names = append(names, e.Record)
			}
		}
	}
	return names
}

// measured looks at what an expectation says of the time it takes.
func (v *validator) measured(path string, e *Expectation) {
	verb := e.Verb()
	v.apiServer(path+".apiServer", e.APIServer)
	v.check(e.APIServer == nil || slices.Contains([]string{"serves", "apiService", "discovery"}, verb), path+".apiServer",
		"means nothing for %s", verb)
	if e.Record != "" {
		v.form(path+".record", e.Record, scenarioName.MatchString, scenarioNameForm)
		count := 0
		for _, name := range v.intervals() {
			if name == e.Record {
				count++
			}
		}
		v.check(count < 2, path+".record", "there is another interval %q", e.Record)
	}
	v.check(e.Since == "" || e.Record != "", path+".since", "there is nothing to measure: name the interval with record")
	var steps []string
	for _, step := range v.scenario.Spec.Steps {
		steps = append(steps, step.Name)
	}
	if e.Since != "" {
		v.reference(path+".since", "step", e.Since, steps)
	}
}
