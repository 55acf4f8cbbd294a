// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"

	"github.com/aggtest/aggtest/harness"
)

// podList is what kubectl shows of a server's Pods: a row of columns for each.
func podList(t *testing.T, cluster *harness.Cluster, namespace, app string) [][]string {
	t.Helper()
	result, err := cluster.Kubectl(t.Context(), harness.KubectlRun{
		Args: []string{"get", "pods", "-n", namespace, "-l", "app=" + app, "-o", "wide", "--no-headers"},
	})
	if err != nil || result.ExitCode != 0 {
		t.Fatalf("kubectl: %v, exit code %d, %s", err, result.ExitCode, result.Stderr)
	}
	var rows [][]string
	for line := range strings.Lines(result.Stdout) {
		rows = append(rows, strings.Fields(line))
	}
	return rows
}

// columns are some of the columns of each row, as one text a row.
func columns(rows [][]string, chosen ...int) []string {
	var texts []string
	for _, row := range rows {
		var parts []string
		for _, i := range chosen {
			parts = append(parts, row[i])
		}
		texts = append(texts, strings.Join(parts, " "))
	}
	return texts
}

func endpointAddresses(t *testing.T, client kubernetes.Interface, namespace, service string) (ready, notReady []string) {
	t.Helper()
	slicesOf, err := client.DiscoveryV1().EndpointSlices(namespace).List(t.Context(), metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + service,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, slice := range slicesOf.Items {
		for _, endpoint := range slice.Endpoints {
			if *endpoint.Conditions.Ready {
				ready = append(ready, endpoint.Addresses[0])
			} else {
				notReady = append(notReady, endpoint.Addresses[0])
			}
		}
	}
	slices.Sort(ready)
	slices.Sort(notReady)
	return ready, notReady
}

func TestPodsStandForReplicas(t *testing.T) {
	cluster := cluster(t)
	client := kubernetes.NewForConfigOrDie(cluster.RESTConfig())
	const namespace = "my-api-server-system"
	server, err := cluster.Install(t.Context(), harness.ServerConfig{
		Name: "my-api-server", Namespace: namespace, Service: "my-service", Replicas: 2, Pods: true,
		Handler: harness.Handler(resourceList(schema.GroupVersion{Group: "pods.example.com", Version: "v1"})),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	rows := podList(t, cluster, namespace, "my-api-server")
	want := []string{"my-api-server-0 1/1 Running 0", "my-api-server-1 1/1 Running 0"}
	if got := columns(rows, 0, 1, 2, 3); !slices.Equal(got, want) {
		t.Fatalf("kubectl shows %q, want %q", got, want)
	}
	addresses := columns(rows, 5)
	if ready, _ := endpointAddresses(t, client, namespace, "my-service"); !slices.Equal(ready, slices.Sorted(slices.Values(addresses))) {
		t.Errorf("the Pods have the addresses %q, and the endpoints %q", addresses, ready)
	}
	if got := columns(rows, 6); !slices.Equal(got, []string{"<none>", "<none>"}) {
		t.Errorf("the Pods are on %q", got)
	}
	object, err := client.CoreV1().Services(namespace).Get(t.Context(), "my-service", metav1.GetOptions{})
	if err != nil || object.Spec.Selector != nil {
		t.Errorf("the Service has the selector %v, err %v", object.Spec.Selector, err)
	}

	if err := server.SetReady(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	want = []string{"my-api-server-0 1/1 Running", "my-api-server-1 0/1 Running"}
	if got := columns(podList(t, cluster, namespace, "my-api-server"), 0, 1, 2); !slices.Equal(got, want) {
		t.Errorf("with one ready kubectl shows %q, want %q", got, want)
	}
	if ready, not := endpointAddresses(t, client, namespace, "my-service"); !slices.Equal(ready, addresses[:1]) || !slices.Equal(not, addresses[1:]) {
		t.Errorf("with one ready the endpoints are %q, and not ready %q", ready, not)
	}
	result, err := cluster.Kubectl(t.Context(), harness.KubectlRun{
		Args: []string{"wait", "pod", "-n", namespace, "-l", "app=my-api-server", "--for=condition=Ready=false", "--timeout=0"},
	})
	if err != nil || !strings.Contains(result.Stdout, "pod/my-api-server-1 condition met") || strings.Contains(result.Stdout, "my-api-server-0") {
		t.Errorf("kubectl wait: %v %s %s", err, result.Stdout, result.Stderr)
	}
	if err := server.SetReady(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if got := columns(podList(t, cluster, namespace, "my-api-server"), 1); !slices.Equal(got, []string{"1/1", "1/1"}) {
		t.Errorf("with both ready again kubectl shows %q", got)
	}
	if err := server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := podList(t, cluster, namespace, "my-api-server"); len(rows) != 0 {
		t.Errorf("after the close there is %q", rows)
	}
}

func TestPodsOfACommand(t *testing.T) {
	cluster := cluster(t)
	server, err := cluster.Install(t.Context(), harness.ServerConfig{
		Name: "podded", Namespace: "podded-system", Pods: true, Command: testProgram("podded", ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := columns(podList(t, cluster, "podded-system", "podded"), 0, 1, 2); !slices.Equal(got, []string{"podded-0 1/1 Running"}) {
		t.Errorf("kubectl shows %q", got)
	}
	if err := server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestPodsThatCannotBeMadeLeaveNothing(t *testing.T) {
	cluster := cluster(t)
	client := kubernetes.NewForConfigOrDie(cluster.RESTConfig())
	const namespace = "crowded-system"
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	mount := false
	stranger, err := client.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "crowded-1"},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: &mount, Containers: []corev1.Container{{Name: "x", Image: "x"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		now := int64(0)
		if err := client.CoreV1().Pods(namespace).Delete(context.Background(), "crowded-1", metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
			t.Error(err)
		}
	}()
	_, err = cluster.Install(t.Context(), harness.ServerConfig{
		Name: "crowded", Namespace: namespace, Replicas: 2, EndpointsFromPods: true, Handler: harness.Handler(http.NotFoundHandler()),
	})
	if err == nil || !strings.Contains(err.Error(), "create Pod crowded-system/crowded-1") || !apierrors.IsAlreadyExists(err) {
		t.Errorf("a Pod of that name is there already: %v", err)
	}
	pods, err := client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(pods.Items) != 1 || pods.Items[0].UID != stranger.UID {
		t.Errorf("there are %d Pods, err %v, want the stranger alone", len(pods.Items), err)
	}
	nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(nodes.Items) != 0 {
		t.Errorf("there are %d Nodes left, err %v", len(nodes.Items), err)
	}
}

// TestPodsWithoutAController holds what EndpointsFromPods makes and what it
// leaves to others: the control plane of this test has no controller manager.
func TestPodsWithoutAController(t *testing.T) {
	cluster := cluster(t)
	client := kubernetes.NewForConfigOrDie(cluster.RESTConfig())
	const namespace = "selected-system"
	server, err := cluster.Install(t.Context(), harness.ServerConfig{
		Name: "selected", Namespace: namespace, Replicas: 2, EndpointsFromPods: true, Handler: harness.Handler(http.NotFoundHandler()),
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := podList(t, cluster, namespace, "selected")
	if got, want := columns(rows, 0, 1, 6), []string{"selected-0 1/1 aggtest-selected", "selected-1 1/1 aggtest-selected"}; !slices.Equal(got, want) {
		t.Errorf("kubectl shows %q, want %q", got, want)
	}
	service, err := client.CoreV1().Services(namespace).Get(t.Context(), "selected", metav1.GetOptions{})
	if err != nil || fmt.Sprint(service.Spec.Selector) != "map[app:selected]" {
		t.Errorf("the Service has the selector %v, err %v", service.Spec.Selector, err)
	}
	if ready, not := endpointAddresses(t, client, namespace, "selected"); len(ready)+len(not) != 0 {
		t.Errorf("there are endpoints, and nobody to make them: %q %q", ready, not)
	}
	if err := server.SetReady(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if got := columns(podList(t, cluster, namespace, "selected"), 1); !slices.Equal(got, []string{"0/1", "0/1"}) {
		t.Errorf("with none ready kubectl shows %q", got)
	}
	if err := server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if rows := podList(t, cluster, namespace, "selected"); err != nil || len(nodes.Items) != 0 || len(rows) != 0 {
		t.Errorf("after the close there are %d Nodes, err %v, and Pods %q", len(nodes.Items), err, rows)
	}
}

// awaitEqual waits until look is true. Each look is a request of its own, and a
// controller answers a change within milliseconds.
func awaitEqual(t *testing.T, look func() (bool, []string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servesWithin)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		done, last := look()
		if done {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("last seen: %q", last)
		}
	}
}
