// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"maps"
	"slices"
	"strings"

	"github.com/aggtest/aggtest/scenarios/internal/spelling"
)

// What names of a form are, for messages.
const (
	labelForm        = "a name of lower-case letters, digits and dashes, 63 at most"
	serviceForm      = "a name of lower-case letters, digits and dashes that begins with a letter, 63 at most"
	versionForm      = "a version, such as v1beta1"
	groupForm        = "a group of lower-case words with dots between, such as custom.example.com"
	groupVersionForm = "group/version, such as custom.example.com/v1beta1"
	apiServiceForm   = "version.group, such as v1beta1.custom.example.com"
	apiVersionForm   = "v1, or group/version such as apps/v1"
	kindForm         = "a kind, such as MyResource"
	nodeForm         = "a name of lower-case letters, digits, dashes and dots"
	controllerForm   = "a controller's name, such as horizontal-pod-autoscaler"
	// metricResourceForm is that of the resource of a custom metric.
	metricResourceForm = "a resource, such as pods or deployments.apps"
	resourceForm       = "a plural in lower-case letters, such as myresources"
)

// The ranges of priorities that Kubernetes takes
// (k8s.io/kube-aggregator@v0.37.2/pkg/apis/apiregistration/validation/validation.go:68).
const (
	highestGroupPriority   = 20000
	highestVersionPriority = 1000
)

func (v *validator) given() {
	given := &v.scenario.Spec.Given
	if c := given.ControlPlane; c != nil {
		v.controlPlane("spec.given.controlPlane", c)
	}
	namespace := func(i int) string { return itemPath("spec.given.namespaces", i) }
	for i, name := range given.Namespaces {
		v.form(namespace(i), name, isLabel, labelForm)
	}
	v.unique("namespace", len(given.Namespaces), namespace, func(i int) string { return given.Namespaces[i] })

	user := func(i int) string { return itemPath("spec.given.users", i) + ".name" }
	for i, u := range given.Users {
		v.check(strings.TrimSpace(u.Name) != "", user(i), "is empty")
	}
	v.unique("user", len(given.Users), user, func(i int) string { return given.Users[i].Name })

	for i, o := range given.Objects {
		v.object(itemPath("spec.given.objects", i), o)
	}

	node := func(i int) string { return itemPath("spec.given.nodes", i) }
	for i := range given.Nodes {
		v.node(node(i), &given.Nodes[i])
	}
	v.unique("node", len(given.Nodes),
		func(i int) string { return node(i) + ".name" },
		func(i int) string { return given.Nodes[i].Name })

	server := func(i int) string { return itemPath("spec.given.servers", i) }
	for i := range given.Servers {
		v.givenServer(server(i), &given.Servers[i])
	}
	v.unique("server", len(given.Servers),
		func(i int) string { return server(i) + ".name" },
		func(i int) string { return given.Servers[i].Name })

	apiService := func(i int) string { return itemPath("spec.given.apiServices", i) }
	for i := range given.APIServices {
		v.apiService(apiService(i), &given.APIServices[i])
	}
	v.unique("APIService", len(given.APIServices), apiService, func(i int) string {
		if a := given.APIServices[i]; a.Group != "" && a.Version != "" {
			return a.Name()
		}
		return ""
	})
}

func (v *validator) controlPlane(path string, c *ControlPlane) {
	v.check(c.APIServers >= 0, path+".apiServers", "%d is negative", c.APIServers)
	v.processSettings(path, c.Flags, c.Env, c.Kubernetes)
	v.check(len(c.Each) <= max(c.APIServers, 1), path+".each", "has %d items for %d kube-apiservers", len(c.Each), max(c.APIServers, 1))
	for i, one := range c.Each {
		v.processSettings(itemPath(path+".each", i), one.Flags, one.Env, one.Kubernetes)
	}
	if c.ControllerManager != nil {
		v.controllerManager(path+".controllerManager", c.ControllerManager)
	}
	if c.FrontProxy != nil {
		v.frontProxyFault(path+".frontProxy.certificate", c.FrontProxy.Certificate)
		v.check(!c.FrontProxy.AnyName || len(c.FrontProxy.AllowedNames) == 0, path+".frontProxy.anyName",
			"every name is allowed, and allowedNames allows some: leave one of them out")
	}
}

func (v *validator) processSettings(path string, flags, env map[string]string, kubernetes string) {
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		v.check(name != "" && !strings.HasPrefix(name, "-"), fieldPath(path+".flags", name),
			"a flag's name is written without dashes before it, such as feature-gates")
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		v.check(name != "" && !strings.ContainsAny(name, "= "), fieldPath(path+".env", name),
			"an environment variable's name has no = and no space")
	}
	v.check(kubernetes == "" || kubernetesVersion.MatchString(kubernetes), path+".kubernetes",
		"%q is not a version such as v1.37.2", kubernetes)
}

func (v *validator) givenServer(path string, s *Server) {
	v.form(path+".name", s.Name, isServiceName, serviceForm)
	v.optionalForm(path+".namespace", s.Namespace, isLabel, labelForm)
	v.optionalForm(path+".service", s.Service, isServiceName, serviceForm)
	v.between(path+".port", int(s.Port), 1, 65535)
	v.check(s.Replicas >= 0, path+".replicas", "%d is negative", s.Replicas)
	v.check(len(s.Serves) > 0 || s.Fixture == FixtureScripted || s.Fixture == FixtureMetrics, path+".serves",
		"is empty: name at least one resource")
	v.metricsServer(path, s)
	v.check(!s.EndpointsFromPods || v.runs("endpointslice"), path+".endpointsFromPods",
		"no controller makes EndpointSlices: name endpointslice in given.controlPlane.controllerManager.controllers")
	resource := func(i int) string { return itemPath(path+".serves", i) }
	for i, r := range s.Serves {
		at := resource(i)
		v.form(at+".group", r.Group, isGroup, groupForm)
		v.form(at+".version", r.Version, isServiceName, versionForm)
		v.form(at+".kind", r.Kind, isKind, kindForm)
		v.form(at+".resource", r.Resource, isServiceName, resourceForm)
		v.optionalForm(at+".singular", r.Singular, isServiceName, serviceForm)
		for j, name := range r.ShortNames {
			v.form(itemPath(at+".shortNames", j), name, isServiceName, serviceForm)
		}
	}
	v.unique("resource", len(s.Serves), resource, func(i int) string {
		return s.Serves[i].Group + "/" + s.Serves[i].Version + "/" + s.Serves[i].Resource
	})
	v.check(len(s.Lies) == 0 || s.Fixture == FixtureScripted, path+".lies",
		"only a scripted server lies in its discovery documents: set fixture: scripted")
	v.check(!s.Watch || s.Fixture == FixtureScripted, path+".watch",
		"what an extension server serves can always be watched: leave it out, or set fixture: scripted")
	v.check(s.Certificate != CertificateExpiring, path+".certificate",
		"the time would begin before the scenario does: use the action certificate with expiresIn")
	if s.TLS != nil {
		v.tls(path+".tls", s.TLS)
	}
	for i := range s.Answers {
		v.answer(itemPath(path+".answers", i), &s.Answers[i])
	}
}

var httpMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

func (v *validator) answer(path string, a *Answer) {
	v.path(path+".path", a.Path)
	if star := strings.IndexByte(a.Path, '*'); star >= 0 && star < len(a.Path)-1 {
		v.add(path+".path", "%q: a * stands only at the end", a.Path)
	}
	v.check(!strings.Contains(a.Path, "?"), path+".path", "%q: the query is not looked at, leave it out", a.Path)
	for i, method := range a.Methods {
		v.check(slices.Contains(httpMethods, method), itemPath(path+".methods", i), "%q is not one of %s%s",
			method, strings.Join(httpMethods, ", "), spelling.DidYouMean(method, httpMethods))
	}
	// A status below 200 does not end an answer.
	v.between(path+".status", a.Status, 200, 599)
	v.check(a.Skip >= 0, path+".skip", "%d is negative", a.Skip)
	v.check(a.Times >= 0, path+".times", "%d is negative", a.Times)
	v.check(!a.Honest || a.Body == "", path+".body", "an honest answer has the server's own body: leave one of them out")
	v.check(!a.Endless || a.Body != "", path+".endless", "there is no body to repeat")
	v.check(a.StallAfter == nil || a.TruncateAfter == nil, path+".stallAfter", "an answer that breaks off cannot stall: leave out truncateAfter or this")
}

// path is the path of a URL.
func (v *validator) path(at, path string) {
	switch {
	case path == "":
		v.add(at, "is empty: a path begins with /")
	case path[0] != '/':
		v.add(at, "%q does not begin with /", path)
	}
}

func (v *validator) apiService(path string, a *APIService) {
	v.server(path+".server", a.Server)
	v.form(path+".group", a.Group, isGroup, groupForm)
	v.form(path+".version", a.Version, isServiceName, versionForm)
	v.between(path+".groupPriorityMinimum", int(a.GroupPriorityMinimum), 1, highestGroupPriority)
	v.between(path+".versionPriority", int(a.VersionPriority), 1, highestVersionPriority)
	v.between(path+".port", int(a.Port), 1, 65535)
	v.check(!a.InsecureSkipTLSVerify || a.CABundle == "" || a.CABundle == CABundleNone, path+".caBundle",
		"Kubernetes refuses a caBundle beside insecureSkipTLSVerify: leave one of them out")
}

// object is a manifest: what names it must be there, the rest is Kubernetes' to judge.
func (v *validator) object(path string, o Object) {
	r := o.Reference()
	v.form(path+".apiVersion", r.APIVersion, isAPIVersion, apiVersionForm)
	v.form(path+".kind", r.Kind, isKind, kindForm)
	v.check(r.Name != "", path+".metadata.name", "is empty: the manifest needs a name")
}

func (v *validator) objectReference(path string, r ObjectReference) {
	v.form(path+".apiVersion", r.APIVersion, isAPIVersion, apiVersionForm)
	v.form(path+".kind", r.Kind, isKind, kindForm)
	v.check(r.Name != "", path+".name", "is empty")
	v.optionalForm(path+".namespace", r.Namespace, isLabel, labelForm)
}
