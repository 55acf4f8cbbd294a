// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/kubernetes"

	"github.com/aggtest/aggtest/fixtures/workload"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// startNodes makes the given nodes, on which the pods of the scenario's own
// namespaces run.
func (w *world) startNodes(ctx context.Context, given *v1alpha1.Given) error {
	if len(given.Nodes) == 0 {
		return nil
	}
	client, err := kubernetes.NewForConfig(w.cluster.RESTConfig())
	if err != nil {
		return fmt.Errorf("make a client for nodes: %w", err)
	}
	nodes := make([]workload.Node, len(given.Nodes))
	for i, n := range given.Nodes {
		nodes[i] = workload.Node{
			Name: n.Name, Labels: n.Labels, Capacity: resourcesList(n.Capacity), NotReady: n.NotReady, Unschedulable: n.Unschedulable,
		}
	}
	running, err := workload.Start(ctx, workload.Config{Client: client, Nodes: nodes, Namespaces: ownNamespaces(given)})
	if err != nil {
		return err
	}
	w.undo.push("nodes", func(context.Context) error { return running.Close() })
	return nil
}

// ownNamespaces are those that the scenario makes. The pods of others are not
// its affair.
func ownNamespaces(given *v1alpha1.Given) []string {
	names := slices.Clone(given.Namespaces)
	for _, s := range given.Servers {
		names = append(names, s.Namespace)
	}
	for _, object := range given.Objects {
		if r := object.Reference(); r.Kind == "Namespace" {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func resourcesList(given map[string]v1alpha1.Quantity) corev1.ResourceList {
	if len(given) == 0 {
		return nil
	}
	list := corev1.ResourceList{}
	for name, amount := range given {
		list[corev1.ResourceName(name)] = resource.MustParse(string(amount))
	}
	return list
}
