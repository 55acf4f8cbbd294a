// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// MetricsAPI is one of the APIs of metrics.
type MetricsAPI string

const (
	// MetricsResource has the CPU and the memory of nodes and pods.
	MetricsResource MetricsAPI = "metrics.k8s.io"
	// MetricsCustom has any metric of any object.
	MetricsCustom MetricsAPI = "custom.metrics.k8s.io"
	// MetricsExternal has metrics of what is no object of the cluster.
	MetricsExternal MetricsAPI = "external.metrics.k8s.io"
)

// Metrics are the values that a metrics server gives out. Of the rules of a list
// the first that matches an object decides.
type Metrics struct {
	// Nodes are rules for the usage of nodes, in metrics.k8s.io.
	Nodes []NodeUsage `json:"nodes,omitempty"`
	// Pods are rules for the usage of containers, in metrics.k8s.io.
	Pods []PodUsage `json:"pods,omitempty"`
	// Custom are the metrics of objects, in custom.metrics.k8s.io.
	Custom []CustomMetric `json:"custom,omitempty"`
	// External are the series of external.metrics.k8s.io. Those of one name differ in their labels, and who asks for several sums them.
	External []ExternalMetric `json:"external,omitempty"`
}

// NodeUsage is what nodes use.
type NodeUsage struct {
	// Name of the rule, by which its values are set later.
	Name string `json:"name,omitempty"`
	// Node is the name of the node. Every one when empty.
	Node string `json:"node,omitempty"`
	// Selector are labels that the node must have.
	Selector map[string]string `json:"selector,omitempty"`
	// CPU is how many processors are used.
	CPU *Series `json:"cpu,omitempty"`
	// Memory is the working set in bytes.
	Memory *Series `json:"memory,omitempty"`
	// Window is the time over which the values are said to be taken.
	Window Duration `json:"window,omitempty"`
}

// PodUsage is what the containers of pods use.
type PodUsage struct {
	// Name of the rule, by which its values are set later.
	Name string `json:"name,omitempty"`
	// Namespace of the pods. Every one when empty.
	Namespace string `json:"namespace,omitempty"`
	// Pod is the name of the pod. Every one when empty.
	Pod string `json:"pod,omitempty"`
	// Selector are labels that the pod must have.
	Selector map[string]string `json:"selector,omitempty"`
	// Container is the name of the container. Each of the pod when empty.
	Container string `json:"container,omitempty"`
	// CPU is how many processors are used.
	CPU *Series `json:"cpu,omitempty"`
	// Memory is the working set in bytes.
	Memory *Series `json:"memory,omitempty"`
	// Window is the time over which the values are said to be taken.
	Window Duration `json:"window,omitempty"`
}

// CustomMetric is a metric of objects of one resource.
type CustomMetric struct {
	// Name of the rule, by which its value is set later.
	Name string `json:"name,omitempty"`
	// Metric is the metric's name.
	Metric string `json:"metric"`
	// Resource of the objects, such as pods, namespaces or deployments.apps.
	Resource string `json:"resource"`
	// Namespace of the objects. Every one when empty.
	Namespace string `json:"namespace,omitempty"`
	// Object is the name of the object. Every one when empty.
	Object string `json:"object,omitempty"`
	// Selector are labels that the object must have.
	Selector map[string]string `json:"selector,omitempty"`
	// Labels of the metric, which a metric selector chooses by.
	Labels map[string]string `json:"labels,omitempty"`
	// Value of the metric.
	Value *Series `json:"value"`
	// Window is the time over which the value is said to be taken.
	Window Duration `json:"window,omitempty"`
}

// ExternalMetric is one series of an external metric.
type ExternalMetric struct {
	// Name of the rule, by which its value is set later.
	Name string `json:"name,omitempty"`
	// Metric is the metric's name.
	Metric string `json:"metric"`
	// Namespace in which it can be asked for. Every one when empty.
	Namespace string `json:"namespace,omitempty"`
	// Labels of the series, which a metric selector chooses by.
	Labels map[string]string `json:"labels,omitempty"`
	// Value of the series.
	Value *Series `json:"value"`
	// Window is the time over which the value is said to be taken.
	Window Duration `json:"window,omitempty"`
}

// SetAction changes what a metrics server's rule gives, and nothing else of it.
type SetAction struct {
	// Server is the given server's name. Its fixture must be metrics.
	Server string `json:"server"`
	// Name of the rule.
	Name string `json:"name"`
	// CPU is how many processors are used from now on.
	CPU *Series `json:"cpu,omitempty"`
	// Memory is the working set in bytes from now on.
	Memory *Series `json:"memory,omitempty"`
	// Value of a custom or external metric from now on.
	Value *Series `json:"value,omitempty"`
}
