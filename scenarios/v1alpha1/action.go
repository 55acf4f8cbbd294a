// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Action is one thing that is done: exactly one of its fields is set. What an
// action changes is undone when the scenario ends.
type Action struct {
	// Apply creates or updates an object by server-side apply, as kubectl apply --server-side does.
	Apply Object `json:"apply,omitempty"`
	// Patch changes some fields of an object.
	Patch *Patch `json:"patch,omitempty"`
	// Delete deletes an object and waits until it is gone.
	Delete *ObjectReference `json:"delete,omitempty"`
	// Register creates an APIService for a given server.
	Register *APIService `json:"register,omitempty"`
	// Certificate gives a server a serving certificate with a fault, or a good one. New connections see it at once.
	Certificate *CertificateAction `json:"certificate,omitempty"`
	// Cut closes the open connections from the kube-apiservers to a server. New ones are not kept from it.
	Cut *ServerReference `json:"cut,omitempty"`
	// Refuse refuses new connections to a server, as a port does that nobody listens on.
	Refuse *ServerReference `json:"refuse,omitempty"`
	// Link breaks the link between the kube-apiservers and a server, in either direction.
	Link *LinkAction `json:"link,omitempty"`
	// Answer replaces or changes what a server says to some requests.
	Answer *AnswerAction `json:"answer,omitempty"`
	// Set changes the values that a metrics server gives out.
	Set *SetAction `json:"set,omitempty"`
	// Discovery has a scripted server lie in its discovery documents.
	Discovery *DiscoveryAction `json:"discovery,omitempty"`
	// TLS changes how a server terminates TLS.
	TLS *TLSAction `json:"tls,omitempty"`
	// Rotate gives a server a new certificate authority.
	Rotate *RotateAction `json:"rotate,omitempty"`
	// CABundle changes the caBundle of an APIService in place.
	CABundle *CABundleAction `json:"caBundle,omitempty"`
	// FrontProxy replaces the client certificate that the aggregator shows to servers.
	FrontProxy *FrontProxyAction `json:"frontProxy,omitempty"`
	// Stop ends a kube-apiserver, and whoever dials it is refused, or the kube-controller-manager.
	Stop *ProcessReference `json:"stop,omitempty"`
	// Start starts a stopped process again, a kube-apiserver at its old address.
	Start *ProcessReference `json:"start,omitempty"`
	// Restart stops a process of the control plane and starts it again.
	Restart *ProcessReference `json:"restart,omitempty"`
	// Pause halts a process in its tracks: connections to a kube-apiserver stay, and nothing is answered.
	Pause *ProcessReference `json:"pause,omitempty"`
	// Resume lets a paused process go on.
	Resume *ProcessReference `json:"resume,omitempty"`
	// Traffic begins to repeat a request in the background.
	Traffic *Traffic `json:"traffic,omitempty"`
	// Endpoints changes which replicas of a server are ready in its EndpointSlice.
	Endpoints *EndpointsAction `json:"endpoints,omitempty"`
	// Mend takes every fault off a server: its certificate, its TLS, its links, its answers, its lies and its endpoints.
	Mend *ServerReference `json:"mend,omitempty"`
	// Touch makes the aggregator look again now instead of at the end of its period.
	Touch *Touch `json:"touch,omitempty"`
	// Kubectl runs the real kubectl, which must exit with 0.
	Kubectl *Kubectl `json:"kubectl,omitempty"`
	// Request sends one HTTP request to a kube-apiserver, which must answer 2xx.
	Request *Request `json:"request,omitempty"`
}

// ObjectReference names an object.
type ObjectReference struct {
	// APIVersion of the object, such as v1 or apiregistration.k8s.io/v1.
	APIVersion string `json:"apiVersion"`
	// Kind of the object.
	Kind string `json:"kind"`
	// Name of the object.
	Name string `json:"name"`
	// Namespace of the object. Empty for objects that are in none.
	Namespace string `json:"namespace,omitempty"`
}

// Patch changes some fields of an object.
type Patch struct {
	// APIVersion of the object.
	APIVersion string `json:"apiVersion"`
	// Kind of the object.
	Kind string `json:"kind"`
	// Name of the object.
	Name string `json:"name"`
	// Namespace of the object. Empty for objects that are in none.
	Namespace string `json:"namespace,omitempty"`
	// Subresource to patch, such as status. The object itself when empty.
	Subresource string `json:"subresource,omitempty"`
	// Merge is a JSON merge patch: fields to set, null to remove one.
	Merge map[string]any `json:"merge"`
}

// ServerReference names a given server, or one of its replicas.
type ServerReference struct {
	// Server is the given server's name.
	Server string `json:"server"`
	// Replica is which one, from 0. All of them when not set.
	Replica *int `json:"replica,omitempty"`
}

// CertificateAction changes a server's serving certificate.
type CertificateAction struct {
	// Server is the given server's name.
	Server string `json:"server"`
	// Replica is which one gets it, from 0. All of them when not set.
	Replica *int `json:"replica,omitempty"`
	// Fault is what is wrong with the new certificate. None gives a good one.
	Fault CertificateFault `json:"fault"`
	// ExpiresIn is how long the certificate is good. For Expiring.
	ExpiresIn Duration `json:"expiresIn,omitempty"`
}

// AnswerAction changes what a server says.
type AnswerAction struct {
	// Server is the given server's name.
	Server string `json:"server"`
	// Replica is which one says it, from 0. All of them when not set.
	Replica *int `json:"replica,omitempty"`
	Answer  `json:",inline"`
}

// EndpointsAction changes which replicas are ready.
type EndpointsAction struct {
	// Server is the given server's name.
	Server string `json:"server"`
	// Ready is how many of the replicas are ready, counted from the first.
	Ready int `json:"ready"`
}

// Touch changes an annotation so that the aggregator's controllers look again.
// Exactly one field is set.
type Touch struct {
	// APIService is the name of an APIService: availability, discovery and OpenAPI are looked at again.
	APIService string `json:"apiService,omitempty"`
	// Server is a given server whose Service is touched: availability is looked at again, without back-off.
	Server string `json:"server,omitempty"`
}
