// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"strings"
	"testing"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func TestClaimsOf(t *testing.T) {
	tests := []struct {
		name   string
		spec   v1alpha1.Spec
		want   string
		reason string
	}{
		{"nothing", v1alpha1.Spec{}, "", "a scenario that only looks is in nobody's way"},
		{"exclusive", v1alpha1.Spec{Exclusive: true, Given: v1alpha1.Given{Namespaces: []string{"a"}}}, "everything", "exclusive says so"},
		{"given", v1alpha1.Spec{Given: v1alpha1.Given{
			Namespaces: []string{"team-a"},
			Servers: []v1alpha1.Server{{Name: "s", Namespace: "custom-system", Serves: []v1alpha1.Resource{
				{Group: "custom.example.com"}, {Group: "other.example.com"}}}},
			APIServices: []v1alpha1.APIService{{Group: "third.example.com"}},
		}}, "group custom.example.com, group other.example.com, group third.example.com, namespace custom-system, namespace team-a, server s",
			"what servers could serve counts, not only what is registered"},
		{"objects", v1alpha1.Spec{Given: v1alpha1.Given{Objects: []v1alpha1.Object{
			object("v1", "ConfigMap", "team-a", "c"),
			object("v1", "Namespace", "", "team-b"),
			object("rbac.authorization.k8s.io/v1", "ClusterRole", "", "reader"),
			object("apiregistration.k8s.io/v1", "APIService", "", "v1.custom.example.com"),
			{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
				"metadata": map[string]any{"name": "things.crd.example.com"}, "spec": map[string]any{"group": "crd.example.com"}},
		}}}, "group crd.example.com, group custom.example.com, namespace team-a, namespace team-b, object ClusterRole reader, object CustomResourceDefinition things.crd.example.com",
			"an object in a namespace claims the namespace, an APIService its group"},
		{"nodes and metrics", v1alpha1.Spec{Given: v1alpha1.Given{
			Nodes: []v1alpha1.Node{{Name: "n"}},
			Servers: []v1alpha1.Server{{Name: "s", Namespace: "custom-system", Fixture: v1alpha1.FixtureMetrics,
				APIs: []v1alpha1.MetricsAPI{v1alpha1.MetricsResource}}},
		}}, "group metrics.k8s.io, namespace custom-system, object Node n, server s",
			"two servers of one metrics API are in each other's way"},
		{"actions", v1alpha1.Spec{Steps: []v1alpha1.Step{{Do: []v1alpha1.Action{
			{Apply: object("v1", "Secret", "a", "s")},
			{Patch: &v1alpha1.Patch{Kind: "Service", Namespace: "b", Name: "s"}},
			{Delete: &v1alpha1.ObjectReference{Kind: "PriorityClass", Name: "p"}},
			{Register: &v1alpha1.APIService{Group: "g.example.com", Version: "v1"}},
			{Cut: &v1alpha1.ServerReference{Server: "s"}},
		}}}}, "group g.example.com, namespace a, namespace b, object PriorityClass p", "what is changed on the way counts as what is given"},
		{"all dials", v1alpha1.Spec{Steps: []v1alpha1.Step{{Expect: []v1alpha1.Expectation{{Dials: &v1alpha1.DialsOf{}}}}}},
			"everything", "all connections are those of the others too"},
		{"dials of one", v1alpha1.Spec{Steps: []v1alpha1.Step{{Expect: []v1alpha1.Expectation{{Dials: &v1alpha1.DialsOf{Server: "s"}}}}}},
			"", "the connections to a server are its scenario's own"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := strings.Join(claimsOf(&v1alpha1.Scenario{Spec: test.spec}).list(), ", ")
			if got != test.want {
				t.Errorf("claims\n%s\nwant\n%s\n%s", got, test.want, test.reason)
			}
		})
	}
}

func TestClaimsOverlap(t *testing.T) {
	tests := []struct {
		a, b   string
		want   bool
		reason string
	}{
		{"a: x y", "b: z", false, "nothing in common"},
		{"a: x y", "b: z y", true, "y in common"},
		{"a: x", "b: *", true, "everything is in common with something"},
		{"a:", "b: *", true, "and even with nothing: who claims everything is alone"},
		{"a:", "b: x", false, "nothing is in nobody's way"},
	}
	for _, test := range tests {
		a, b := claiming(test.a).claims, claiming(test.b).claims
		if a.overlaps(b) != test.want || b.overlaps(a) != test.want {
			t.Errorf("%q and %q overlap: %t, want %t both ways: %s", test.a, test.b, a.overlaps(b), test.want, test.reason)
		}
	}
}

func object(apiVersion, kind, namespace, name string) v1alpha1.Object {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return v1alpha1.Object{"apiVersion": apiVersion, "kind": kind, "metadata": metadata}
}
