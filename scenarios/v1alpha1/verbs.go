// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Verb is the name of the field that is set, and "" unless exactly one is.
func (a *Action) Verb() string { return only(a.verbs()) }

func (a *Action) verbs() []string {
	return set(
		verb{"apply", a.Apply != nil},
		verb{"patch", a.Patch != nil},
		verb{"delete", a.Delete != nil},
		verb{"register", a.Register != nil},
		verb{"certificate", a.Certificate != nil},
		verb{"cut", a.Cut != nil},
		verb{"refuse", a.Refuse != nil},
		verb{"link", a.Link != nil},
		verb{"answer", a.Answer != nil},
		verb{"set", a.Set != nil},
		verb{"discovery", a.Discovery != nil},
		verb{"tls", a.TLS != nil},
		verb{"rotate", a.Rotate != nil},
		verb{"caBundle", a.CABundle != nil},
		verb{"frontProxy", a.FrontProxy != nil},
		verb{"stop", a.Stop != nil},
		verb{"start", a.Start != nil},
		verb{"restart", a.Restart != nil},
		verb{"pause", a.Pause != nil},
		verb{"resume", a.Resume != nil},
		verb{"traffic", a.Traffic != nil},
		verb{"endpoints", a.Endpoints != nil},
		verb{"mend", a.Mend != nil},
		verb{"touch", a.Touch != nil},
		verb{"kubectl", a.Kubectl != nil},
		verb{"request", a.Request != nil},
	)
}

// Verb is the name of the field that says what is looked at, and "" unless
// exactly one does.
func (e *Expectation) Verb() string { return only(e.verbs()) }

func (e *Expectation) verbs() []string {
	return set(
		verb{"serves", e.Serves != ""},
		verb{"apiService", e.APIService != ""},
		verb{"changes", e.Changes != nil},
		verb{"object", e.Object != nil},
		verb{"request", e.Request != nil},
		verb{"traffic", e.Traffic != nil},
		verb{"kubectl", e.Kubectl != nil},
		verb{"discovery", e.Discovery != ""},
		verb{"dials", e.Dials != nil},
		verb{"requests", e.Requests != nil},
		verb{"interval", e.Interval != ""},
	)
}

// Method is the HTTP method of the request and its path, both empty unless
// exactly one is set.
func (r *Request) Method() (method, path string) {
	methods := r.methods()
	if len(methods) != 1 {
		return "", ""
	}
	return methods[0].method, methods[0].path
}

type requestMethod struct{ field, method, path string }

func (r *Request) methods() []requestMethod {
	var out []requestMethod
	for _, m := range []requestMethod{
		{"get", "GET", r.Get},
		{"post", "POST", r.Post},
		{"put", "PUT", r.Put},
		{"patch", "PATCH", r.Patch},
		{"delete", "DELETE", r.Delete},
	} {
		if m.path != "" {
			out = append(out, m)
		}
	}
	return out
}

// Name is the name of the APIService object, version.group.
func (a *APIService) Name() string { return a.Version + "." + a.Group }

// Reference names the object that a manifest is of. What is missing or of
// another type is empty.
func (o Object) Reference() ObjectReference {
	apiVersion, _ := o["apiVersion"].(string)
	kind, _ := o["kind"].(string)
	metadata, _ := o["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	namespace, _ := metadata["namespace"].(string)
	return ObjectReference{APIVersion: apiVersion, Kind: kind, Name: name, Namespace: namespace}
}

// Server is the given server of a name, nil when there is none.
func (s *Scenario) Server(name string) *Server {
	for i := range s.Spec.Given.Servers {
		if s.Spec.Given.Servers[i].Name == name {
			return &s.Spec.Given.Servers[i]
		}
	}
	return nil
}

type verb struct {
	name string
	set  bool
}

func set(verbs ...verb) []string {
	var out []string
	for _, v := range verbs {
		if v.set {
			out = append(out, v.name)
		}
	}
	return out
}

func only(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return ""
}
