// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// portName joins the port of the Service to that of the EndpointSlice: the
// aggregator matches them by name
// (k8s.io/apiserver@v0.37.2/pkg/util/proxy/proxy.go:102).
const portName = "https"

// appLabel is set on the Service, the EndpointSlice and the Pods, and is what a
// selector goes by.
const appLabel = "app"

// makeService creates the Service and the EndpointSlice of the replicas. Only a
// Service whose EndpointSlices are a controller's has a selector, which is what
// the controller goes by.
func (s *Server) makeService(ctx context.Context) error {
	services := s.cluster.client.CoreV1().Services(s.config.Namespace)
	var selector map[string]string
	if s.config.EndpointsFromPods {
		selector = map[string]string{appLabel: s.config.Name}
		s.onClose(s.deleteControllersSlices)
	}
	service, err := services.Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: s.config.Service, Labels: map[string]string{appLabel: s.config.Name}},
		Spec: corev1.ServiceSpec{
			Selector: selector,
			Ports: []corev1.ServicePort{{
				Name: portName, Protocol: corev1.ProtocolTCP,
				Port: s.config.Port, TargetPort: intstr.FromInt32(targetPort),
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create Service %s/%s: %w", s.config.Namespace, s.config.Service, err)
	}
	s.onClose(func(ctx context.Context) error {
		return ignoreNotFound(services.Delete(ctx, s.config.Service, metav1.DeleteOptions{}))
	})
	s.clusterIP = service.Spec.ClusterIP
	if s.config.EndpointsFromPods {
		return nil
	}
	slices := s.cluster.client.DiscoveryV1().EndpointSlices(s.config.Namespace)
	if _, err := slices.Create(ctx, s.endpointSlice(s.config.Replicas), metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create EndpointSlice %s/%s: %w", s.config.Namespace, s.config.Service, err)
	}
	s.onClose(func(ctx context.Context) error {
		return ignoreNotFound(slices.Delete(ctx, s.config.Service, metav1.DeleteOptions{}))
	})
	return nil
}

func (s *Server) endpointSlice(ready int) *discoveryv1.EndpointSlice {
	name, protocol, port := portName, corev1.ProtocolTCP, int32(targetPort)
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Name: s.config.Service,
			Labels: map[string]string{
				discoveryv1.LabelServiceName: s.config.Service,
				discoveryv1.LabelManagedBy:   "aggtest.dev",
				appLabel:                     s.config.Name,
			},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Protocol: &protocol, Port: &port}},
	}
	for i, r := range s.replicas {
		isReady := i < ready
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{r.address.String()},
			Conditions: discoveryv1.EndpointConditions{Ready: &isReady, Serving: &isReady},
		})
	}
	return slice
}

// SetReady makes the first n replicas ready and the others not, as a readiness
// probe of a kubelet would: in the EndpointSlice, and in the Pods if there are
// any. The EndpointSlices of a controller follow the Pods in their own time. The
// replicas go on listening.
func (s *Server) SetReady(ctx context.Context, n int) error {
	if n < 0 || n > len(s.replicas) {
		return fmt.Errorf("make %d replicas of server %q ready: it has %d", n, s.config.Name, len(s.replicas))
	}
	err := s.setPodsReady(ctx, n)
	if err == nil && !s.config.EndpointsFromPods {
		err = s.setEndpointsReady(ctx, n)
	}
	if err != nil {
		return fmt.Errorf("make %d replicas of server %q ready: %w", n, s.config.Name, err)
	}
	return nil
}

func (s *Server) setEndpointsReady(ctx context.Context, n int) error {
	slices := s.cluster.client.DiscoveryV1().EndpointSlices(s.config.Namespace)
	now, err := slices.Get(ctx, s.config.Service, metav1.GetOptions{})
	if err == nil {
		now.Endpoints = s.endpointSlice(n).Endpoints
		_, err = slices.Update(ctx, now, metav1.UpdateOptions{})
	}
	return err
}

// ensureNamespace makes the namespace if it is missing. It stays until the
// control plane goes: without a namespace controller a deleted one would be
// Terminating for ever.
func (c *Cluster) ensureNamespace(ctx context.Context, name string) error {
	_, err := c.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create Namespace %s: %w", name, err)
	}
	return nil
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
