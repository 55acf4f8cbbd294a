// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/timeline"
)

// deploy makes a Deployment, and scales it.
func deploy(t *testing.T, client kubernetes.Interface, name string) {
	t.Helper()
	labels := map[string]string{"app": name}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "example.com/web"}}},
			},
		},
	}
	if _, err := client.AppsV1().Deployments("default").Create(t.Context(), deployment, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// replicaSets lists the names of those that a Deployment of the name has.
func replicaSets(t *testing.T, client kubernetes.Interface, name string) []string {
	t.Helper()
	list, err := client.AppsV1().ReplicaSets("default").List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + name})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, set := range list.Items {
		names = append(names, set.Name)
	}
	return names
}

// TestControllerManager has the real deployment controller make ReplicaSets,
// through all that can be done to the process.
func TestControllerManager(t *testing.T) {
	cluster := harness.Start(t, harness.Config{ControllerManager: harness.ControllerManagerConfig{
		Controllers: []string{"deployment", "replicaset-controller"}, Stopped: true, Flags: map[string]string{"v": "2"},
	}})
	client := kubernetes.NewForConfigOrDie(cluster.RESTConfig())
	mark := cluster.Timeline().Mark()
	controlled := func(name string) {
		t.Helper()
		awaitEqual(t, func() (bool, []string) {
			sets := replicaSets(t, client, name)
			return len(sets) == 1, sets
		})
	}
	running := func(want bool) {
		t.Helper()
		got := slices.ContainsFunc(cluster.Processes(), func(p harness.ProcessInfo) bool {
			return p.Name == "kube-controller-manager" && p.RSS > 0
		})
		if got != want {
			t.Errorf("among the processes is a kube-controller-manager: %t, want %t", got, want)
		}
	}
	refused := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
	if !cluster.HasControllerManager() {
		t.Fatal("there is none")
	}
	running(false)
	deploy(t, client, "before-the-start")
	if sets := replicaSets(t, client, "before-the-start"); len(sets) != 0 {
		t.Errorf("ReplicaSets without a controller: %v", sets)
	}
	refused(cluster.StopControllerManager(), "stop kube-controller-manager: it does not run")
	refused(cluster.ResumeControllerManager(), "resume kube-controller-manager: it is not paused")
	if err := cluster.StartControllerManager(t.Context()); err != nil {
		t.Fatal(err)
	}
	running(true)
	controlled("before-the-start")
	refused(cluster.StartControllerManager(t.Context()), "start kube-controller-manager: it runs already")

	if err := cluster.PauseControllerManager(); err != nil {
		t.Fatal(err)
	}
	deploy(t, client, "while-paused")
	if sets := replicaSets(t, client, "while-paused"); len(sets) != 0 {
		t.Errorf("ReplicaSets while the controller is paused: %v", sets)
	}
	if err := cluster.ResumeControllerManager(); err != nil {
		t.Fatal(err)
	}
	controlled("while-paused")

	if err := cluster.RestartControllerManager(t.Context()); err != nil {
		t.Fatal(err)
	}
	deploy(t, client, "after-a-restart")
	controlled("after-a-restart")
	var lives []string
	for _, p := range timeline.Of[timeline.Process](cluster.Timeline(), mark) {
		if p.Fact.Name == "kube-controller-manager" {
			lives = append(lives, p.Fact.What)
		}
	}
	if want := []string{"started", "ready", "stopped", "started", "ready"}; !slices.Equal(lives, want) {
		t.Errorf("the timeline has %q, want %q", lives, want)
	}
	if len(cluster.ControllerManagerTail(5)) == 0 {
		t.Error("there is no log")
	}
}

func TestControllerManagerRefused(t *testing.T) {
	if _, err := harness.New(t.Context(), harness.Config{ControllerManager: harness.ControllerManagerConfig{Controllers: []string{"nonsense"}}}); err == nil ||
		!strings.Contains(err.Error(), `has no controller "nonsense"`) {
		t.Errorf("an unknown controller gives error %v", err)
	}
	// What kube-controller-manager itself refuses it says in its own words.
	_, err := harness.New(t.Context(), harness.Config{ControllerManager: harness.ControllerManagerConfig{
		Controllers: []string{"job"}, Flags: map[string]string{"no-such-flag": "1"},
	}})
	if err == nil || !strings.Contains(err.Error(), "start kube-controller-manager: exited before it was ready") ||
		!strings.Contains(err.Error(), "unknown flag: --no-such-flag") {
		t.Errorf("a wrong flag gives error %v", err)
	}
	if err := cluster(t).StartControllerManager(context.Background()); err == nil || !strings.Contains(err.Error(), "the control plane has no kube-controller-manager") {
		t.Errorf("without one the error is %v", err)
	}
}
