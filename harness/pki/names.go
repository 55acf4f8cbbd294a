// SPDX-License-Identifier: Apache-2.0

package pki

// ServiceNames returns the DNS names under which a Service is reached inside a
// cluster, the one that the aggregator verifies first: <service>.<namespace>.svc
// (k8s.io/kube-aggregator@v0.37.2/pkg/controllers/status/remote/remote_available_controller.go:172).
// The others are what clients in pods use, with the cluster domain
// cluster.local.
func ServiceNames(service, namespace string) []string {
	return []string{
		service + "." + namespace + ".svc",
		service + "." + namespace + ".svc.cluster.local",
		service + "." + namespace,
		service,
	}
}
