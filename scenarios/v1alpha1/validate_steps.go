// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aggtest/aggtest/scenarios/internal/expression"
)

func (v *validator) step(path string, s *Step) {
	v.check(strings.TrimSpace(s.Name) != "", path+".name", "is empty: say what happens, for the report")
	v.check(len(s.Do)+len(s.Expect) > 0, path, "the step does nothing: add do, expect or both")
	for i := range s.Do {
		v.action(itemPath(path+".do", i), &s.Do[i])
	}
	for i := range s.Expect {
		v.expectation(itemPath(path+".expect", i), &s.Expect[i])
	}
}

// exactlyOne adds a problem unless one name is set of those that can be.
func (v *validator) exactlyOne(path, what string, set, known []string) bool {
	switch len(set) {
	case 0:
		v.add(path, "has no %s: write one of %s", what, strings.Join(known, ", "))
	case 1:
		return true
	default:
		v.add(path, "has %s where only one can be: write an item of its own for each", strings.Join(set, " and "))
	}
	return false
}

func (v *validator) action(path string, a *Action) {
	known := fieldNames(fieldsOf(reflect.TypeFor[Action]()))
	if !v.exactlyOne(path, "verb", a.verbs(), known) {
		return
	}
	at := path + "." + a.Verb()
	switch {
	case a.Apply != nil:
		v.object(at, a.Apply)
	case a.Patch != nil:
		v.objectReference(at, ObjectReference{a.Patch.APIVersion, a.Patch.Kind, a.Patch.Name, a.Patch.Namespace})
		v.check(len(a.Patch.Merge) > 0, at+".merge", "is empty: name the fields to change")
	case a.Delete != nil:
		v.objectReference(at, *a.Delete)
	case a.Register != nil:
		v.apiService(at, a.Register)
	case a.Certificate != nil:
		v.replica(at, &ServerReference{Server: a.Certificate.Server, Replica: a.Certificate.Replica})
		v.check((a.Certificate.Fault == CertificateExpiring) == (a.Certificate.ExpiresIn > 0), at+".expiresIn",
			"a certificate with the fault Expiring, and no other, says when")
	case a.Cut != nil:
		v.replica(at, a.Cut)
	case a.Refuse != nil:
		v.replica(at, a.Refuse)
	case a.Set != nil:
		v.setAction(at, a.Set)
	case a.Answer != nil:
		v.replica(at, &ServerReference{Server: a.Answer.Server, Replica: a.Answer.Replica})
		v.answer(at, &a.Answer.Answer)
	case a.Endpoints != nil:
		if s := v.server(at+".server", a.Endpoints.Server); s != nil {
			replicas := max(s.Replicas, 1)
			v.check(a.Endpoints.Ready >= 0 && a.Endpoints.Ready <= replicas, at+".ready",
				"%d is not between 0 and %d, the replicas of %s", a.Endpoints.Ready, replicas, s.Name)
		}
	case a.Mend != nil:
		v.replica(at, a.Mend)
	case a.Touch != nil:
		v.touch(at, a.Touch)
	case a.Kubectl != nil:
		v.kubectl(at, a.Kubectl)
	case a.Request != nil:
		v.request(at, a.Request)
	default:
		v.faultAction(at, a)
	}
}

func (v *validator) replica(path string, r *ServerReference) {
	s := v.server(path+".server", r.Server)
	if s == nil || r.Replica == nil {
		return
	}
	replicas := max(s.Replicas, 1)
	v.check(*r.Replica >= 0 && *r.Replica < replicas, path+".replica",
		"%s has no replica %d: it has %d, counted from 0", s.Name, *r.Replica, replicas)
}

func (v *validator) touch(path string, t *Touch) {
	fields := set(verb{"apiService", t.APIService != ""}, verb{"server", t.Server != ""})
	if !v.exactlyOne(path, "field", fields, []string{"apiService", "server"}) {
		return
	}
	if t.APIService != "" {
		v.form(path+".apiService", t.APIService, isAPIServiceName, apiServiceForm)
	} else {
		v.server(path+".server", t.Server)
	}
}

func (v *validator) kubectl(path string, k *Kubectl) {
	v.user(path+".as", k.As)
	args, err := SplitArgs(k.Args)
	var mistake *argsError
	switch {
	case errors.As(err, &mistake):
		inside := offsetOfRune(k.Args, mistake.at)
		v.problems = append(v.problems, Problem{Path: path + ".args", Message: mistake.message, inside: inside})
	case len(args) == 0:
		v.add(path+".args", "is empty: write what kubectl is to do, such as get apiservices")
	case args[0] == "kubectl":
		v.add(path+".args", "leave out kubectl itself: write what follows it")
	}
}

// offsetOfRune is the place of a character, counted from 1, by line and column.
func offsetOfRune(text string, at int) offset {
	before := string([]rune(text)[:at-1])
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return offset{line: strings.Count(before, "\n") + 1, column: len([]rune(line)) + 1}
}

func (v *validator) request(path string, r *Request) {
	v.user(path+".as", r.As)
	var names []string
	for _, m := range r.methods() {
		names = append(names, m.field)
		v.path(path+"."+m.field, m.path)
	}
	if v.exactlyOne(path, "method", names, []string{"get", "post", "put", "patch", "delete"}) {
		v.check(r.Get == "" || r.Body == nil, path+".body", "a GET has no body")
	}
	v.apiServer(path+".apiServer", r.APIServer)
	v.check(r.Upgrade == "" || r.Get != "", path+".upgrade", "only a GET can ask for an upgrade")
	v.check(r.Send == "" || r.Upgrade != "", path+".send", "there is no upgrade after which to send it")
	if r.Server == "" {
		v.check(r.Replica == 0, path+".replica", "the request goes to a kube-apiserver: name the server too")
		v.check(r.Certificate == "", path+".certificate", "the request goes to a kube-apiserver: name the server too")
		return
	}
	replica := r.Replica
	v.replica(path, &ServerReference{Server: r.Server, Replica: &replica})
	v.check(r.APIServer == nil, path+".apiServer", "the request goes past the kube-apiservers: leave out apiServer or server")
	v.check(r.As == "" || r.Certificate == DirectUser, path+".as", "past the aggregator a user is known by a certificate: add certificate: User")
	v.check(r.Certificate != DirectUser || r.As != "", path+".certificate", "name the user in as")
	v.check(r.Upgrade == "", path+".upgrade", "an upgrade goes through a kube-apiserver: leave out server")
}

// apiServer is the number of a kube-apiserver.
func (v *validator) apiServer(path string, number *int) {
	apiServers := 1
	if c := v.scenario.Spec.Given.ControlPlane; c != nil {
		apiServers = max(c.APIServers, 1)
	}
	if number != nil {
		v.check(*number >= 0 && *number < apiServers, path,
			"there is no kube-apiserver %d: there are %d, counted from 0", *number, apiServers)
	}
}

func (v *validator) expectation(path string, e *Expectation) {
	known := []string{"serves"}
	for _, subject := range expression.Subjects() {
		known = append(known, string(subject))
	}
	if !v.exactlyOne(path, "subject", e.verbs(), known) {
		return
	}
	verb := e.Verb()
	at := path + "." + verb
	switch {
	case e.Serves != "":
		v.form(at, e.Serves, isGroupVersion, groupVersionForm)
	case e.APIService != "":
		v.form(at, e.APIService, isAPIServiceName, apiServiceForm)
	case e.Object != nil:
		v.objectReference(at, *e.Object)
	case e.Request != nil:
		v.request(at, e.Request)
	case e.Kubectl != nil:
		v.kubectl(at, e.Kubectl)
	case e.Changes != nil:
		v.form(at+".apiService", e.Changes.APIService, isAPIServiceName, apiServiceForm)
		v.apiServer(at+".apiServer", e.Changes.APIServer)
	case e.Traffic != nil:
		v.reference(at+".name", "traffic", e.Traffic.Name, v.traffic())
		v.apiServer(at+".apiServer", e.Traffic.APIServer)
	case e.Interval != "":
		v.reference(at, "interval", e.Interval, v.intervals())
	case e.Dials != nil && e.Dials.Server != "":
		v.server(at+".server", e.Dials.Server)
	case e.Requests != nil:
		v.server(at+".server", e.Requests.Server)
		if e.Requests.Path != "" {
			v.path(at+".path", e.Requests.Path)
		}
	}
	v.measured(path, e)
	v.assertions(path, verb, e)
	timeout := v.scenario.Spec.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	v.check(e.Within+e.For <= timeout, path, "within and for together are %s, longer than the scenario's timeout of %s",
		time.Duration(e.Within+e.For), time.Duration(timeout))
}

// assertions looks at what is said of the subject: whether it can be said of it,
// and whether anything is.
func (v *validator) assertions(path, verb string, e *Expectation) {
	isObject := verb == "apiService" || verb == "object"
	v.check(!e.Absent || isObject, path+".absent", "only an apiService or an object can be absent")
	v.check(!e.Absent || !isObject || e.Matches == nil && e.That == "", path+".absent",
		"what is absent has nothing for matches and that to look at: leave them out")
	v.check(e.Matches == nil || isObject || verb == "request", path+".matches",
		"%s has no object to match: use that", verb)
	needsOne := isObject || slices.Contains([]string{"discovery", "dials", "requests", "changes", "traffic", "interval"}, verb)
	if needsOne && e.Matches == nil && e.That == "" && !e.Absent {
		help := "add that"
		if isObject {
			help = "add matches, that or absent: true (matches: {} says only that it is there)"
		}
		v.add(path, "nothing is said of the %s: %s", verb, help)
	}
	if e.That == "" {
		return
	}
	if verb == "serves" {
		v.add(path+".that", "serves says all that there is to say: leave out that, or use request")
		return
	}
	_, err := expression.Compile(expression.Subject(verb), e.That)
	var mistakes expression.CompileErrors
	if !errors.As(err, &mistakes) {
		v.check(err == nil, path+".that", "%v", err)
		return
	}
	for _, m := range mistakes {
		v.problems = append(v.problems, Problem{Path: path + ".that", Message: m.Message,
			inside: offset{line: m.Line, column: m.Column}})
	}
}
