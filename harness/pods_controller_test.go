// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"

	"github.com/aggtest/aggtest/harness"
)

// TestEndpointsFromPods has the real controller make the endpoints.
func TestEndpointsFromPods(t *testing.T) {
	cluster := harness.Start(t, harness.Config{
		ControllerManager: harness.ControllerManagerConfig{Controllers: []string{"endpointslice-controller"}},
	})
	client := kubernetes.NewForConfigOrDie(cluster.RESTConfig())
	const namespace = "from-pods-system"
	gv := schema.GroupVersion{Group: "from-pods.example.com", Version: "v1"}
	server, err := cluster.Install(t.Context(), harness.ServerConfig{
		Name: "from-pods", Namespace: namespace, Replicas: 2, EndpointsFromPods: true, Handler: harness.Handler(resourceList(gv)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	service := harness.APIService{Group: gv.Group, Version: gv.Version, Server: server}
	if err := cluster.Register(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	serves(t, cluster, gv)

	addresses := columns(podList(t, cluster, namespace, "from-pods"), 5)
	awaitEndpoints := func(ready, notReady []string) {
		t.Helper()
		ready, notReady = slices.Sorted(slices.Values(ready)), slices.Sorted(slices.Values(notReady))
		awaitEqual(t, func() (bool, []string) {
			isReady, isNot := endpointAddresses(t, client, namespace, "from-pods")
			return slices.Equal(isReady, ready) && slices.Equal(isNot, notReady), append(append(isReady, "not:"), isNot...)
		})
	}
	awaitEndpoints(addresses, nil)
	if err := server.SetReady(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	awaitEndpoints(addresses[:1], addresses[1:])
	if err := server.SetReady(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	awaitEndpoints(nil, addresses)
	available(t, cluster, service.Name(), "False", "MissingEndpoints", "")
	if err := server.SetReady(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	available(t, cluster, service.Name(), "True", "Passed", "")
	serves(t, cluster, gv)

	if err := server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := client.DiscoveryV1().EndpointSlices(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(left.Items) != 0 {
		t.Errorf("after the close there are %d EndpointSlices, err %v", len(left.Items), err)
	}
	nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if rows := podList(t, cluster, namespace, "from-pods"); err != nil || len(nodes.Items) != 0 || len(rows) != 0 {
		t.Errorf("after the close there are %d Nodes, err %v, and Pods %q", len(nodes.Items), err, rows)
	}
}
