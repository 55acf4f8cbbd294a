// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// fieldManager is who aggtest is in managedFields.
const fieldManager = "aggtest"

// apply creates or updates an object, and undoes it by deleting it or by putting
// back what was there.
func (w *world) apply(ctx context.Context, object v1alpha1.Object) error {
	reference := object.Reference()
	objects, err := w.objects(ctx, reference)
	if err != nil {
		return err
	}
	before, err := getIfThere(ctx, objects, reference.Name)
	if err != nil {
		return err
	}
	data, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("write %s as JSON: %w", address(reference), err)
	}
	// Force, since the fields that the servers under test own are there to be
	// changed.
	force := true
	if _, err := objects.Patch(ctx, reference.Name, types.ApplyPatchType, data, metav1.PatchOptions{FieldManager: fieldManager, Force: &force}); err != nil {
		return err
	}
	w.undo.push("apply "+address(reference), func(ctx context.Context) error {
		if before == nil {
			return w.removeWhatIsThere(ctx, objects, reference)
		}
		return putBack(ctx, objects, before)
	})
	return nil
}

// removeWhatIsThere deletes the object of the name. When the scenario deleted
// what it had applied, the undoing of that made it anew, with another uid.
func (w *world) removeWhatIsThere(ctx context.Context, objects dynamic.ResourceInterface, reference v1alpha1.ObjectReference) error {
	now, err := getIfThere(ctx, objects, reference.Name)
	if err != nil || now == nil {
		return err
	}
	return w.remove(ctx, objects, reference, now.GetUID())
}

// patch changes some fields of an object, and undoes it by giving those fields
// their earlier values.
func (w *world) patch(ctx context.Context, p *v1alpha1.Patch) error {
	reference := patched(p)
	objects, err := w.objects(ctx, reference)
	if err != nil {
		return err
	}
	before, err := objects.Get(ctx, reference.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	var subresources []string
	if p.Subresource != "" {
		subresources = []string{p.Subresource}
	}
	merge := func(ctx context.Context, fields map[string]any) error {
		data, err := json.Marshal(fields)
		if err != nil {
			return fmt.Errorf("write the patch as JSON: %w", err)
		}
		_, err = objects.Patch(ctx, reference.Name, types.MergePatchType, data, metav1.PatchOptions{FieldManager: fieldManager}, subresources...)
		return err
	}
	if err := merge(ctx, p.Merge); err != nil {
		return err
	}
	inverse := inverseMerge(p.Merge, before.Object)
	w.undo.push("patch "+address(reference), func(ctx context.Context) error {
		return ignoreNotFound(merge(ctx, inverse))
	})
	return nil
}

// delete deletes an object and waits until it is gone. It is undone by creating
// it again.
func (w *world) delete(ctx context.Context, reference v1alpha1.ObjectReference) error {
	objects, err := w.objects(ctx, reference)
	if err != nil {
		return err
	}
	before, err := objects.Get(ctx, reference.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	w.undo.push("delete "+address(reference), func(ctx context.Context) error { return recreate(ctx, objects, before) })
	return w.remove(ctx, objects, reference, before.GetUID())
}

// remove deletes the object with the uid and waits until it is gone. One that
// has gone already is no error.
func (w *world) remove(ctx context.Context, objects dynamic.ResourceInterface, reference v1alpha1.ObjectReference, uid types.UID) error {
	switch {
	case reference.Kind == "APIService":
		// Its group must be gone from every kube-apiserver too.
		return w.cluster.Unregister(ctx, reference.Name)
	case reference.Kind == "Namespace" && reference.APIVersion == "v1":
		return w.removeNamespace(ctx, reference.Name)
	}
	background := metav1.DeletePropagationBackground
	err := objects.Delete(ctx, reference.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: &background,
	})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return untilGone(ctx, func(ctx context.Context) (bool, error) {
		now, err := getIfThere(ctx, objects, reference.Name)
		return now == nil || now.GetUID() != uid, err
	}, address(reference))
}

// untilGone waits for what no watch tells.
func untilGone(ctx context.Context, gone func(context.Context) (bool, error), what string) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		over, err := gone(ctx)
		if over && err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = fmt.Errorf("it is still there; look at its finalizers")
			}
			return fmt.Errorf("wait until %s is gone: %w: %w", what, context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// recreate creates an object that was deleted. A Service keeps its addresses
// when nobody took them meanwhile.
func recreate(ctx context.Context, objects dynamic.ResourceInterface, before *unstructured.Unstructured) error {
	fresh := withoutIdentity(before)
	_, err := objects.Create(ctx, fresh, metav1.CreateOptions{FieldManager: fieldManager})
	if apierrors.IsInvalid(err) && before.GetKind() == "Service" {
		unstructured.RemoveNestedField(fresh.Object, "spec", "clusterIP")
		unstructured.RemoveNestedField(fresh.Object, "spec", "clusterIPs")
		_, err = objects.Create(ctx, fresh, metav1.CreateOptions{FieldManager: fieldManager})
	}
	if apierrors.IsAlreadyExists(err) {
		return putBack(ctx, objects, before)
	}
	return err
}

// putBack gives an object the contents that it had. One that is gone is made
// anew.
func putBack(ctx context.Context, objects dynamic.ResourceInterface, before *unstructured.Unstructured) error {
	now, err := getIfThere(ctx, objects, before.GetName())
	if err != nil {
		return err
	}
	if now == nil {
		_, err := objects.Create(ctx, withoutIdentity(before), metav1.CreateOptions{FieldManager: fieldManager})
		return err
	}
	earlier := withoutIdentity(before)
	earlier.SetResourceVersion(now.GetResourceVersion())
	_, err = objects.Update(ctx, earlier, metav1.UpdateOptions{FieldManager: fieldManager})
	return err
}

// withoutIdentity is the object without what the API gives it.
func withoutIdentity(object *unstructured.Unstructured) *unstructured.Unstructured {
	fresh := object.DeepCopy()
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields",
		"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"} {
		unstructured.RemoveNestedField(fresh.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(fresh.Object, "status")
	return fresh
}

// getIfThere is nil for an object that is not there.
func getIfThere(ctx context.Context, objects dynamic.ResourceInterface, name string) (*unstructured.Unstructured, error) {
	object, err := objects.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return object, nil
}

// inverseMerge is the merge patch that takes another one back from an object
// that was as before: each field that it set gets the earlier value, or null
// when there was none.
func inverseMerge(merge, before map[string]any) map[string]any {
	inverse := map[string]any{}
	for key, value := range merge {
		earlier, there := before[key]
		if !there {
			inverse[key] = nil
			continue
		}
		changed, isMap := value.(map[string]any)
		earlierMap, wasMap := earlier.(map[string]any)
		if isMap && wasMap {
			inverse[key] = inverseMerge(changed, earlierMap)
			continue
		}
		inverse[key] = runtime.DeepCopyJSONValue(earlier)
	}
	return inverse
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
