// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"maps"
	"slices"
	"strings"

	"github.com/aggtest/aggtest/fixtures/metrics"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// claims is what a scenario takes for itself on a control plane that it shares.
// Two scenarios run at the same time only when their claims are disjoint.
type claims struct {
	everything bool
	// parts are "namespace X", "server S", "group G" and "object kind name".
	parts map[string]bool
}

func (c claims) overlaps(other claims) bool {
	if c.everything || other.everything {
		return true
	}
	small, large := c.parts, other.parts
	if len(small) > len(large) {
		small, large = large, small
	}
	for part := range small {
		if large[part] {
			return true
		}
	}
	return false
}

// list is what is claimed, in order, for messages and tests.
func (c claims) list() []string {
	if c.everything {
		return []string{"everything"}
	}
	return slices.Sorted(maps.Keys(c.parts))
}

// claimsOf reads what a scenario's file says that it makes or changes. What
// kubectl and requests change cannot be told; their subjects are the scenario's
// own servers and namespaces, and a scenario for which that is not so says that
// it is exclusive.
func claimsOf(s *v1alpha1.Scenario) claims {
	c := claims{everything: s.Spec.Exclusive, parts: map[string]bool{}}
	given := &s.Spec.Given
	for _, namespace := range given.Namespaces {
		c.namespace(namespace)
	}
	for _, server := range given.Servers {
		c.namespace(server.Namespace)
		// The timeline and the network know servers by their name.
		c.parts["server "+server.Name] = true
		for _, resource := range server.Serves {
			c.group(resource.Group)
		}
		if server.Fixture == v1alpha1.FixtureMetrics {
			for _, gv := range metrics.GroupVersions(apisOf(server.APIs)...) {
				c.group(gv.Group)
			}
		}
	}
	for _, service := range given.APIServices {
		c.group(service.Group)
	}
	for _, node := range given.Nodes {
		c.reference(v1alpha1.ObjectReference{Kind: "Node", Name: node.Name})
	}
	for _, object := range given.Objects {
		c.object(object)
	}
	for _, step := range s.Spec.Steps {
		for _, action := range step.Do {
			c.action(&action)
		}
		for _, expectation := range step.Expect {
			// All connections of the control plane are looked at.
			c.everything = c.everything || expectation.Dials != nil && expectation.Dials.Server == ""
		}
	}
	return c
}

func (c *claims) action(action *v1alpha1.Action) {
	switch {
	case action.Stop != nil, action.Start != nil, action.Restart != nil, action.Pause != nil, action.Resume != nil,
		action.FrontProxy != nil:
		// The kube-apiserver is everybody's.
		c.everything = true
	case action.Apply != nil:
		c.object(action.Apply)
	case action.Patch != nil:
		c.reference(patched(action.Patch))
	case action.Delete != nil:
		c.reference(*action.Delete)
	case action.Register != nil:
		c.group(action.Register.Group)
	}
}

func (c claims) namespace(name string) { c.parts["namespace "+name] = true }

func (c claims) group(name string) { c.parts["group "+name] = true }

// object claims what a reference to it does, and the group that an APIService or
// a CRD brings.
func (c claims) object(object v1alpha1.Object) {
	reference := object.Reference()
	c.reference(reference)
	if reference.Kind == "CustomResourceDefinition" {
		if spec, ok := object["spec"].(map[string]any); ok {
			if group, ok := spec["group"].(string); ok {
				c.group(group)
			}
		}
	}
}

func (c claims) reference(r v1alpha1.ObjectReference) {
	switch {
	case r.Namespace != "":
		c.namespace(r.Namespace)
	case r.Kind == "Namespace":
		c.namespace(r.Name)
	case r.Kind == "APIService":
		// The name is <version>.<group>, and versions have no dots.
		_, group, _ := strings.Cut(r.Name, ".")
		c.group(group)
	default:
		c.parts["object "+r.Kind+" "+r.Name] = true
	}
}

func patched(p *v1alpha1.Patch) v1alpha1.ObjectReference {
	return v1alpha1.ObjectReference{APIVersion: p.APIVersion, Kind: p.Kind, Name: p.Name, Namespace: p.Namespace}
}
