// SPDX-License-Identifier: Apache-2.0

// Package adapter_test is how the author of a metrics adapter tests it: behind a
// real aggregator, asked by the real autoscaler.
package adapter_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/metrics/pkg/apis/external_metrics"
	externalv1beta1 "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/aggtest/aggtest/fixtures/workload"
	"github.com/aggtest/aggtest/harness"
)

// adapter stands for the author's own: it has one external metric, which is 40.
func adapter() http.Handler {
	const root = "/apis/external.metrics.k8s.io/v1beta1"
	answer := func(w http.ResponseWriter, value any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, metav1.APIResourceList{
			TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: external_metrics.GroupName + "/v1beta1",
			APIResources: []metav1.APIResource{{Name: "queue-depth", Namespaced: true, Kind: "ExternalMetricValueList", Verbs: metav1.Verbs{"get"}}},
		})
	})
	mux.HandleFunc("GET "+root+"/namespaces/{namespace}/queue-depth", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, externalv1beta1.ExternalMetricValueList{
			TypeMeta: metav1.TypeMeta{Kind: "ExternalMetricValueList", APIVersion: external_metrics.GroupName + "/v1beta1"},
			Items:    []externalv1beta1.ExternalMetricValue{{MetricName: "queue-depth", Timestamp: metav1.Now(), Value: resource.MustParse("40")}},
		})
	})
	return mux
}

func TestTheAutoscalerReadsTheAdapter(t *testing.T) {
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	cluster := harness.Start(t, harness.Config{ControllerManager: harness.ControllerManagerConfig{
		Controllers: []string{"deployment", "replicaset", "horizontal-pod-autoscaler"},
		Flags:       map[string]string{"horizontal-pod-autoscaler-sync-period": "1s"},
	}})
	client := kubernetes.NewForConfigOrDie(cluster.RESTConfig())
	nodes, err := workload.Start(t.Context(), workload.Config{Client: client, Nodes: []workload.Node{{Name: "node"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer nodes.Close()

	server, err := cluster.Install(t.Context(), harness.ServerConfig{Name: "adapter", Handler: harness.Handler(adapter())})
	if err != nil {
		t.Fatal(err)
	}
	gv := schema.GroupVersion{Group: external_metrics.GroupName, Version: "v1beta1"}
	if err := cluster.Register(t.Context(), harness.APIService{Group: gv.Group, Version: gv.Version, Server: server}); err != nil {
		t.Fatal(err)
	}
	if err := cluster.WaitServes(t.Context(), gv); err != nil {
		t.Fatal(err)
	}
	makeWorker(t, client)

	// A queue of 40, and 10 for each worker, makes four of them.
	await(t, func(ctx context.Context) (bool, string) {
		worker, err := client.AppsV1().Deployments("default").Get(ctx, "worker", metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		return worker.Status.ReadyReplicas == 4, worker.Status.String()
	})

	// When the adapter is away the autoscaler says so, and leaves the workers alone.
	server.Refuse(-1)
	server.Cut(-1)
	if err := server.Touch(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, func(ctx context.Context) (bool, string) {
		autoscaler, err := client.AutoscalingV2().HorizontalPodAutoscalers("default").Get(ctx, "worker", metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		for _, c := range autoscaler.Status.Conditions {
			if c.Type == autoscalingv2.ScalingActive {
				unable := strings.Contains(c.Message, "the server is currently unable to handle the request")
				return c.Reason == "FailedGetExternalMetric" && unable && autoscaler.Status.CurrentReplicas == 4, c.String()
			}
		}
		return false, "there is no condition ScalingActive"
	})
}

// makeWorker makes a Deployment, and an autoscaler that wants a depth of 10 for
// each of its pods.
func makeWorker(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	labels := map[string]string{"app": "worker"}
	if _, err := client.AppsV1().Deployments("default").Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "worker"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "worker", Image: "example.com/worker"}}},
			},
		},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ten := resource.MustParse("10")
	if _, err := client.AutoscalingV2().HorizontalPodAutoscalers("default").Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "worker"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "worker"},
			MaxReplicas:    10,
			Metrics: []autoscalingv2.MetricSpec{{
				Type: autoscalingv2.ExternalMetricSourceType,
				External: &autoscalingv2.ExternalMetricSource{
					Metric: autoscalingv2.MetricIdentifier{Name: "queue-depth"},
					Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &ten},
				},
			}},
		},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// await asks until it is so.
func await(t *testing.T, look func(context.Context) (done bool, state string)) {
	t.Helper()
	// The autoscaler looks every second; a busy machine needs some of them.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	last := "nothing yet"
	for {
		done, state := look(ctx)
		if done {
			return
		}
		if ctx.Err() == nil {
			last = state
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("last seen: %s", last)
		}
	}
}
