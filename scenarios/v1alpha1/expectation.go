// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Expectation is one thing that must hold. Exactly one of serves, apiService,
// changes, object, request, traffic, kubectl, discovery, dials, requests and
// interval says what is looked at; matches and that say what it must be; within
// and for say when.
type Expectation struct {
	// Serves is a group/version for which every kube-apiserver must get an answer from the server behind it. Being Available is not enough.
	Serves string `json:"serves,omitempty"`
	// APIService is the name of an APIService. Expressions see it as apiService, and its condition Available as condition.
	APIService string `json:"apiService,omitempty"`
	// Changes looks at the changes of an APIService's condition Available that a watch showed since the step began. Expressions see them as changes.
	Changes *ChangesOf `json:"changes,omitempty"`
	// Object is any object. Expressions see it as object.
	Object *ObjectReference `json:"object,omitempty"`
	// Request is one HTTP request to a kube-apiserver. Expressions see the answer as response, and matches is about its JSON. Without either the answer must be 2xx.
	Request *Request `json:"request,omitempty"`
	// Traffic looks at the answers to background requests. Expressions see them as traffic.
	Traffic *TrafficOf `json:"traffic,omitempty"`
	// Kubectl runs the real kubectl. Expressions see what it printed as kubectl. Without one it must exit with 0.
	Kubectl *Kubectl `json:"kubectl,omitempty"`
	// Discovery reads what a kube-apiserver says of all groups, in this form. Expressions see it as discovery.
	Discovery Discovery `json:"discovery,omitempty"`
	// Dials looks at the connections that were asked for since the step began, or since the scenario did in the first step. Expressions see them as dials.
	Dials *DialsOf `json:"dials,omitempty"`
	// Requests looks at the requests that reached a server since the step began, or since the scenario did in the first step. Expressions see them as requests.
	Requests *RequestsTo `json:"requests,omitempty"`
	// Interval is the name of a measured interval. Expressions see it as interval.
	Interval string `json:"interval,omitempty"`

	// Record measures how long it took until the expectation held, under this name, which must be unique in the scenario.
	Record string `json:"record,omitempty"`
	// Since is the name of the step at whose beginning the interval begins. The expectation's own step when empty.
	Since string `json:"since,omitempty"`
	// APIServer is the kube-apiserver through which serves, apiService and discovery are looked at, from 0. Every one when not set.
	APIServer *int `json:"apiServer,omitempty"`
	// Absent is true when the apiService or object must not exist.
	Absent bool `json:"absent,omitempty"`
	// Matches is a part of the object that must be so; {} says only that it is there. Lists of maps are matched by type, name or key; conditions may be written as a map by type; null says that a field must be absent.
	Matches map[string]any `json:"matches,omitempty"`
	// That is a CEL expression that must be true.
	That string `json:"that,omitempty"`

	// Within is how long it may take to become so. With neither within nor for it must be so now.
	Within Duration `json:"within,omitempty"`
	// For is how long it must stay so.
	For Duration `json:"for,omitempty"`
}

// Request is one HTTP request, to a kube-apiserver unless server is set. Exactly
// one of get, post, put, patch and delete is set.
type Request struct {
	// Get is the path, with the query, of a GET.
	Get string `json:"get,omitempty"`
	// Post is the path of a POST.
	Post string `json:"post,omitempty"`
	// Put is the path of a PUT.
	Put string `json:"put,omitempty"`
	// Patch is the path of a PATCH.
	Patch string `json:"patch,omitempty"`
	// Delete is the path of a DELETE.
	Delete string `json:"delete,omitempty"`
	// Headers of the request.
	Headers map[string]string `json:"headers,omitempty"`
	// Body of the request, as YAML; it is sent as JSON.
	Body map[string]any `json:"body,omitempty"`
	// As is a given user. The administrator when empty.
	As string `json:"as,omitempty"`
	// APIServer is which kube-apiserver is asked, from 0. When not set, a GET goes to every one in turn and each must answer as expected, and anything else to the first.
	APIServer *int `json:"apiServer,omitempty"`
	// Timeout bounds the request. 65s when empty, a little more than a kube-apiserver allows.
	Timeout Duration `json:"timeout,omitempty"`
	// Upgrade asks for the connection to be used for this protocol, such as websocket, after a GET. What is then sent back stands in the body.
	Upgrade string `json:"upgrade,omitempty"`
	// Send is the text that is sent after an upgrade. hello when empty.
	Send string `json:"send,omitempty"`
	// Server is a given server that is asked directly, past the aggregator.
	Server string `json:"server,omitempty"`
	// Replica is which one is asked directly, from 0.
	Replica int `json:"replica,omitempty"`
	// Certificate is what is shown to a server that is asked directly. None when empty.
	Certificate DirectCertificate `json:"certificate,omitempty"`
}

// DirectCertificate is a client certificate for requests past the aggregator.
type DirectCertificate string

const (
	// DirectNone is no certificate.
	DirectNone DirectCertificate = "None"
	// DirectFrontProxy is one like the aggregator's own.
	DirectFrontProxy DirectCertificate = "FrontProxy"
	// DirectNotAllowed is signed by the front proxy's authority for a name that is not allowed.
	DirectNotAllowed DirectCertificate = "NotAllowed"
	// DirectForged has the aggregator's name and a stranger's signature.
	DirectForged DirectCertificate = "Forged"
	// DirectUser is the certificate of the user in as, signed by the authority of all clients.
	DirectUser DirectCertificate = "User"
)

// Kubectl is one run of the real kubectl, with a cache of its own.
type Kubectl struct {
	// Args are the arguments, split at spaces as a shell does: "get apiservices -o wide".
	Args string `json:"args"`
	// Input is the standard input.
	Input string `json:"input,omitempty"`
	// As is a given user. The administrator when empty.
	As string `json:"as,omitempty"`
}

// DialsOf chooses connections.
type DialsOf struct {
	// Server is the given server that was reached. All connections, refused ones too, when empty.
	Server string `json:"server,omitempty"`
}

// RequestsTo chooses requests that reached a server.
type RequestsTo struct {
	// Server is the given server's name.
	Server string `json:"server"`
	// Path that the requests begin with. Any when empty.
	Path string `json:"path,omitempty"`
}
