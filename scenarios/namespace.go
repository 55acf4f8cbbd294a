// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// inNamespaces are the kinds of Kubernetes' own that a scenario may leave in a
// namespace by kubectl. Objects of others go with their servers and CRDs.
var inNamespaces = []schema.GroupVersionResource{
	// Those that make others come before what they make.
	{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"},
	{Group: "apps", Version: "v1", Resource: "deployments"},
	{Group: "apps", Version: "v1", Resource: "replicasets"},
	{Version: "v1", Resource: "configmaps"},
	{Version: "v1", Resource: "secrets"},
	{Version: "v1", Resource: "serviceaccounts"},
	{Version: "v1", Resource: "services"},
	{Version: "v1", Resource: "pods"},
	{Version: "v1", Resource: "resourcequotas"},
	{Version: "v1", Resource: "events"},
	{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"},
}

// makeNamespace makes the namespace if it is missing, and undoes that.
func (w *world) makeNamespace(ctx context.Context, name string) error {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
	}}
	_, err := w.dynamic.Resource(namespaces).Create(ctx, object, metav1.CreateOptions{FieldManager: fieldManager})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create Namespace %s: %w", name, err)
	}
	w.undo.push("Namespace "+name, func(ctx context.Context) error { return w.removeNamespace(ctx, name) })
	return nil
}

// removeNamespace does what the namespace controller would, which the control
// plane does not run: it empties the namespace and takes the finalizer off, upon
// which the API removes it.
func (w *world) removeNamespace(ctx context.Context, name string) error {
	err := w.dynamic.Resource(namespaces).Delete(ctx, name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete Namespace %s: %w", name, err)
	}
	now := int64(0)
	for _, resource := range inNamespaces {
		err := w.dynamic.Resource(resource).Namespace(name).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &now}, metav1.ListOptions{})
		if ignoreNotFound(err) != nil {
			return fmt.Errorf("empty Namespace %s of %s: %w", name, resource.Resource, err)
		}
	}
	return w.finalize(ctx, name)
}

// finalize empties spec.finalizers, for which the API has a subresource of its
// own (k8s.io/kubernetes@v1.37.2/pkg/registry/core/namespace/storage/storage.go).
func (w *world) finalize(ctx context.Context, name string) error {
	administrator, err := w.as(0, v1alpha1.User{})
	if err != nil {
		return err
	}
	return untilGone(ctx, func(ctx context.Context) (bool, error) {
		now, err := getIfThere(ctx, w.dynamic.Resource(namespaces), name)
		if now == nil || err != nil {
			return err == nil, err
		}
		if now.GetDeletionTimestamp() == nil {
			return true, nil // made again by somebody else
		}
		if err := unstructured.SetNestedSlice(now.Object, []any{}, "spec", "finalizers"); err != nil {
			return false, err
		}
		data, err := json.Marshal(now)
		if err != nil {
			return false, err
		}
		answer, err := administrator.send(ctx, http.MethodPut, "/api/v1/namespaces/"+name+"/finalize",
			map[string]string{"Content-Type": "application/json", "Accept": "application/json"}, data)
		if err != nil {
			return false, err
		}
		if answer.code != http.StatusOK && answer.code != http.StatusNotFound && answer.code != http.StatusConflict {
			return false, fmt.Errorf("take the finalizer off: %s", answer)
		}
		return false, nil
	}, "Namespace "+name)
}
