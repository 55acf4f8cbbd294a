// SPDX-License-Identifier: Apache-2.0

package values_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/aggtest/aggtest/fixtures/metrics"
	"github.com/aggtest/aggtest/fixtures/metrics/series"
	"github.com/aggtest/aggtest/scenarios/values"
)

func constant(text string) *series.Series {
	q := resource.MustParse(text)
	return &series.Series{Constant: &q}
}

// newCluster has two metrics servers; both have a rule called web.
func newCluster(t testing.TB) *fake.Clientset {
	t.Helper()
	first, err := values.ConfigMap("kube-system", "metrics-server", metrics.Values{
		Nodes: []metrics.NodeUsage{{CPU: constant("1")}},
		Pods:  []metrics.PodUsage{{Name: "web", CPU: constant("100m")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	second, err := values.ConfigMap("monitoring", "adapter", metrics.Values{
		Custom:   []metrics.CustomMetric{{Name: "web", Metric: "hits", Resource: "pods", Value: constant("1")}},
		External: []metrics.ExternalMetric{{Name: "queue", Metric: "queue-depth", Value: constant("20")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return fake.NewClientset(first, second)
}

func TestFind(t *testing.T) {
	servers, err := values.Find(t.Context(), newCluster(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []values.Server{
		{Namespace: "kube-system", Name: "metrics-server", Rules: []values.Rule{{Name: "nodes.0", Kind: values.Usage}, {Name: "web", Kind: values.Usage}}},
		{Namespace: "monitoring", Name: "adapter", Rules: []values.Rule{{Name: "web", Kind: values.Metric}, {Name: "queue", Kind: values.Metric}}},
	}
	if diff := cmp.Diff(want, servers); diff != "" {
		t.Errorf("servers (-want +got):\n%s", diff)
	}
	if _, err := values.Find(t.Context(), fake.NewClientset()); !errors.Is(err, values.ErrNoServer) {
		t.Errorf("without servers the error is %v, want one that says so", err)
	}
}

func TestChoose(t *testing.T) {
	servers, err := values.Find(t.Context(), newCluster(t))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ reason, rule, server, err string }{
		{"the name alone will do when one server has it", "queue", "adapter", ""},
		{"a rule without a name is known by its place", "nodes.0", "metrics-server", ""},
		{"two servers have it", "web", "", `several servers have a rule "web": write one of metrics-server/web, adapter/web`},
		{"the server decides", "adapter/web", "adapter", ""},
		{"a wrong name has the nearest", "qeue", "", `there is no rule "qeue", did you mean "queue"? (there are nodes.0, queue, web)`},
		{"a server without that rule", "metrics-server/queue", "", `there is no rule "metrics-server/queue"`},
	}
	for _, tc := range cases {
		t.Run(tc.reason, func(t *testing.T) {
			server, _, err := values.Choose(servers, tc.rule)
			if server.Name != tc.server || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("got server %q, error %v, want %q, %q", server.Name, err, tc.server, tc.err)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	cases := []struct {
		reason string
		kind   values.Kind
		change metrics.Change
		err    string
	}{
		{"usage takes cpu alone", values.Usage, metrics.Change{CPU: constant("1")}, ""},
		{"usage has no single value", values.Usage, metrics.Change{Value: constant("1")}, "give its cpu or its memory"},
		{"a metric has a value", values.Metric, metrics.Change{Value: constant("1")}, ""},
		{"a metric has no memory", values.Metric, metrics.Change{Memory: constant("1")}, "give its value"},
		{"nothing changes nothing", values.Metric, metrics.Change{}, "nothing is said"},
	}
	for _, tc := range cases {
		t.Run(tc.reason, func(t *testing.T) {
			err := values.Rule{Name: "r", Kind: tc.kind}.Check(tc.change)
			if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("got %v, want %q", err, tc.err)
			}
		})
	}
}

func TestSetAndUnset(t *testing.T) {
	client := newCluster(t)
	changes := func() map[string]string {
		t.Helper()
		servers, err := values.Find(t.Context(), client)
		if err != nil {
			t.Fatal(err)
		}
		return servers[1].Changes
	}
	servers, err := values.Find(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	server, rule, err := values.Choose(servers, "queue")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Set(t.Context(), client, rule, metrics.Change{Value: constant("40")}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"queue": "value:\n  constant: \"40\"\n"}, changes()); diff != "" {
		t.Errorf("after set (-want +got):\n%s", diff)
	}
	if err := server.Unset(t.Context(), client, rule); err != nil {
		t.Fatal(err)
	}
	if got := changes(); len(got) != 0 {
		t.Errorf("after unset there is %v", got)
	}
}

// A rule gets another value while its server runs.
func Example() {
	offered, _ := values.ConfigMap("monitoring", "adapter", metrics.Values{
		External: []metrics.ExternalMetric{{Name: "queue", Metric: "queue-depth", Value: constant("20")}},
	})
	client := fake.NewClientset(offered)
	ctx := context.Background()
	servers, _ := values.Find(ctx, client)
	server, rule, _ := values.Choose(servers, "queue")
	fmt.Println(server.Set(ctx, client, rule, metrics.Change{Value: constant("40")}))
	servers, _ = values.Find(ctx, client)
	fmt.Print(servers[0].Changes["queue"])
	// Output:
	// <nil>
	// value:
	//   constant: "40"
}
