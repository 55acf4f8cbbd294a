// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
)

// kubernetesControlsSlices is the value of the label managed-by of the
// EndpointSlices that the endpointslice-controller makes
// (k8s.io/kubernetes@v1.37.2/pkg/controller/endpointslice/endpointslice_controller.go).
const kubernetesControlsSlices = "endpointslice-controller.k8s.io"

// addressAnnotation tells fixtures/workload, which the harness does not import,
// which IP a pod has.
const addressAnnotation = "workload.aggtest.dev/address"

func (s *Server) podName(replica int) string { return fmt.Sprintf("%s-%d", s.config.Name, replica) }

func (s *Server) nodeName() string { return "aggtest-" + s.config.Name }

// makePods shows each replica as a Pod that a kubelet would have started.
func (s *Server) makePods(ctx context.Context) error {
	if !s.config.Pods {
		return nil
	}
	node := ""
	if s.config.EndpointsFromPods {
		node = s.nodeName()
		if err := s.makeNode(ctx); err != nil {
			return err
		}
	}
	pods := s.cluster.client.CoreV1().Pods(s.config.Namespace)
	started := metav1.Now()
	for i := range s.replicas {
		pod, err := pods.Create(ctx, s.pod(i, node), metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("create Pod %s/%s: %w", s.config.Namespace, s.podName(i), err)
		}
		s.onClose(func(ctx context.Context) error {
			// Of this UID, so that one that somebody made anew stays. Without a
			// grace period, which would be left to a kubelet to end.
			now := int64(0)
			return ignoreNotFound(pods.Delete(ctx, pod.Name, metav1.DeleteOptions{
				GracePeriodSeconds: &now, Preconditions: metav1.NewUIDPreconditions(string(pod.UID)),
			}))
		})
		status, err := json.Marshal(map[string]any{"status": s.podStatus(i, started, pod.Spec.Containers[0].Image)})
		if err != nil {
			return err
		}
		// A patch, since somebody who runs pods may have written already.
		if _, err := pods.Patch(ctx, pod.Name, types.MergePatchType, status, metav1.PatchOptions{}, "status"); err != nil {
			return fmt.Errorf("write the status of Pod %s/%s: %w", s.config.Namespace, pod.Name, err)
		}
	}
	return nil
}

func (s *Server) pod(replica int, node string) *corev1.Pod {
	mount := false
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: s.podName(replica), Labels: map[string]string{appLabel: s.config.Name},
			// Should nodes of fixtures/workload take the pod, it keeps its address.
			Annotations: map[string]string{addressAnnotation: s.replicas[replica].address.String()},
		},
		Spec: corev1.PodSpec{
			NodeName: node,
			// The server's own identity, which is in its kubeconfig.
			ServiceAccountName: s.config.Name, AutomountServiceAccountToken: &mount,
			Containers: []corev1.Container{{
				Name: s.config.Name,
				// Nobody pulls it.
				Image: "aggtest.dev/" + s.config.Name,
				Ports: []corev1.ContainerPort{{Name: portName, ContainerPort: targetPort, Protocol: corev1.ProtocolTCP}},
			}},
		},
	}
}

// podStatus is what a kubelet would say of a replica that runs and is ready.
func (s *Server) podStatus(replica int, started metav1.Time, image string) corev1.PodStatus {
	address := s.replicas[replica].address.String()
	status := corev1.PodStatus{
		Phase:     corev1.PodRunning,
		StartTime: &started,
		PodIP:     address,
		PodIPs:    []corev1.PodIP{{IP: address}},
		QOSClass:  corev1.PodQOSBestEffort,
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: s.config.Name, Image: image, Ready: true, Started: new(bool),
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}},
		}},
	}
	*status.ContainerStatuses[0].Started = true
	for _, kind := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: started})
	}
	return status
}

// setPodsReady makes the first n Pods ready and the others not. The containers
// go on running, as ones whose readiness probe fails do.
func (s *Server) setPodsReady(ctx context.Context, n int) error {
	if !s.config.Pods {
		return nil
	}
	pods := s.cluster.client.CoreV1().Pods(s.config.Namespace)
	for i := range s.replicas {
		// Controllers may write to a Pod as well.
		err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
			pod, err := pods.Get(ctx, s.podName(i), metav1.GetOptions{})
			if err != nil || !setPodReady(pod, i < n, metav1.Now()) {
				return err
			}
			_, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// setPodReady returns whether anything has changed.
func setPodReady(pod *corev1.Pod, ready bool, now metav1.Time) bool {
	wanted, reason := corev1.ConditionTrue, ""
	if !ready {
		wanted, reason = corev1.ConditionFalse, "ContainersNotReady"
	}
	changed := false
	for i := range pod.Status.Conditions {
		condition := &pod.Status.Conditions[i]
		if condition.Type != corev1.PodReady && condition.Type != corev1.ContainersReady || condition.Status == wanted {
			continue
		}
		condition.Status, condition.Reason, condition.LastTransitionTime = wanted, reason, now
		changed = true
	}
	for i := range pod.Status.ContainerStatuses {
		if container := &pod.Status.ContainerStatuses[i]; container.Ready != ready {
			container.Ready = ready
			changed = true
		}
	}
	return changed
}

// makeNode makes the Node of the Pods. Nothing runs on it, and no kubelet
// renews its lease.
func (s *Server) makeNode(ctx context.Context) error {
	nodes := s.cluster.client.CoreV1().Nodes()
	now := metav1.Now()
	_, err := nodes.Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: s.nodeName(), Labels: map[string]string{appLabel: s.config.Name}},
		Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{
			Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "AggtestNode",
			LastHeartbeatTime: now, LastTransitionTime: now,
		}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create Node %s: %w", s.nodeName(), err)
	}
	s.onClose(func(ctx context.Context) error {
		return ignoreNotFound(nodes.Delete(ctx, s.nodeName(), metav1.DeleteOptions{}))
	})
	return nil
}

// deleteControllersSlices deletes what the endpointslice-controller has made for
// the Service, which has gone by now. That is the garbage collector's work, and
// none may run. The controller makes a slice anew as long as its own watch still
// shows it the Service, so that this ends with a look that found nothing.
func (s *Server) deleteControllersSlices(ctx context.Context) error {
	slices := s.cluster.client.DiscoveryV1().EndpointSlices(s.config.Namespace)
	made := metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + s.config.Service +
		"," + discoveryv1.LabelManagedBy + "=" + kubernetesControlsSlices}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		list, err := slices.List(ctx, made)
		if err == nil && len(list.Items) == 0 {
			return nil
		}
		if err == nil {
			err = slices.DeleteCollection(ctx, metav1.DeleteOptions{}, made)
		}
		if err != nil {
			return fmt.Errorf("delete the EndpointSlices of Service %s/%s: %w", s.config.Namespace, s.config.Service, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("delete the EndpointSlices of Service %s/%s: %w", s.config.Namespace, s.config.Service, causeOf(ctx))
		}
	}
}
