// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ControllerManager is a kube-controller-manager with some of its controllers.
type ControllerManager struct {
	// Controllers that run, by the names that --controllers takes, with or without -controller at the end: deployment, replicaset, horizontal-pod-autoscaler, namespace, garbage-collector, resourcequota, endpointslice and so on.
	Controllers []string `json:"controllers"`
	// Flags are set over aggtest's own: a name without dashes, and a value.
	Flags map[string]string `json:"flags,omitempty"`
	// Env is added to its environment.
	Env map[string]string `json:"env,omitempty"`
	// Stopped is true when an action starts it, and not the boot.
	Stopped bool `json:"stopped,omitempty"`
}

// Node is a node without a kubelet. The pods of the scenario's namespaces are
// scheduled to the nodes and become Running and Ready there, as far as their
// annotations do not say otherwise.
type Node struct {
	// Name of the node.
	Name string `json:"name"`
	// Labels of the node.
	Labels map[string]string `json:"labels,omitempty"`
	// Capacity of the node. 4 processors, 16Gi of memory and 110 pods when empty.
	Capacity map[string]Quantity `json:"capacity,omitempty"`
	// NotReady is true for a node that takes no pods since it is not well.
	NotReady bool `json:"notReady,omitempty"`
	// Unschedulable is true for a node that is cordoned.
	Unschedulable bool `json:"unschedulable,omitempty"`
}

// ProcessReference names a process of the control plane: exactly one field is
// set.
type ProcessReference struct {
	// APIServer is a kube-apiserver, from 0.
	APIServer *int `json:"apiServer,omitempty"`
	// ControllerManager is true for the kube-controller-manager.
	ControllerManager bool `json:"controllerManager,omitempty"`
}
