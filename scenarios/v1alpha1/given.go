// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Given is what is there before the first step.
type Given struct {
	// ControlPlane asks for a control plane of the scenario's own. Without it the scenario runs on one that others use too.
	ControlPlane *ControlPlane `json:"controlPlane,omitempty"`
	// Namespaces are made before everything else. Those of the servers are made without being listed.
	Namespaces []string `json:"namespaces,omitempty"`
	// Users are identities that requests and kubectl can be made as. They have no rights but those that given objects give them.
	Users []User `json:"users,omitempty"`
	// Objects are manifests that are applied before the servers start.
	Objects []Object `json:"objects,omitempty"`
	// Servers are the extension API servers, each with a Service and an EndpointSlice.
	Servers []Server `json:"servers,omitempty"`
	// APIServices register group versions with the aggregator once the servers run.
	APIServices []APIService `json:"apiServices,omitempty"`
}

// ControlPlane is a control plane of a scenario's own.
type ControlPlane struct {
	// APIServers is the number of kube-apiservers on one etcd. 1 when 0.
	APIServers int `json:"apiServers,omitempty"`
	// Flags are set on each kube-apiserver, over aggtest's own: a name without dashes, and a value.
	Flags map[string]string `json:"flags,omitempty"`
	// Env is added to the environment of each kube-apiserver.
	Env map[string]string `json:"env,omitempty"`
}

// User is an identity with a client certificate.
type User struct {
	// Name of the user, as authentication gives it.
	Name string `json:"name"`
	// Groups that the user is in, beside system:authenticated.
	Groups []string `json:"groups,omitempty"`
}

// Object is a manifest: any Kubernetes object, as kubectl apply takes it.
type Object map[string]any

// FixtureName says which of aggtest's own servers stands behind a Service.
type FixtureName string

const (
	// FixtureExtension is an honest extension API server on k8s.io/apiserver, with storage in the control plane's etcd and delegated authentication and authorization.
	FixtureExtension FixtureName = "extension"
	// FixtureScripted is a light server that answers honestly unless told otherwise, path by path.
	FixtureScripted FixtureName = "scripted"
)

// Server is an extension API server with its Service, EndpointSlice and certificates.
type Server struct {
	// Name of the server within the scenario, and of its Service unless service says otherwise.
	Name string `json:"name"`
	// Fixture is which server it is: extension or scripted. extension when empty.
	Fixture FixtureName `json:"fixture,omitempty"`
	// Namespace of the Service. custom-system when empty.
	Namespace string `json:"namespace,omitempty"`
	// Service is the name of the Service. The server's name when empty.
	Service string `json:"service,omitempty"`
	// Port of the Service. 443 when 0.
	Port int32 `json:"port,omitempty"`
	// Replicas is how many endpoints the Service has, each a server of its own. 1 when 0.
	Replicas int `json:"replicas,omitempty"`
	// Serves lists the resources of the server.
	Serves []Resource `json:"serves"`
	// Discovery is Aggregated when the server answers the aggregated discovery document, and Legacy when it knows only the old ones. Aggregated when empty.
	Discovery Discovery `json:"discovery,omitempty"`
	// Certificate is what is wrong with the serving certificate from the start. Nothing when empty.
	Certificate CertificateFault `json:"certificate,omitempty"`
	// Answers replace what a scripted server would say, from the start.
	Answers []Answer `json:"answers,omitempty"`
}

// Discovery is the form of a discovery document.
type Discovery string

const (
	// DiscoveryAggregated is the one document of all groups, versions and resources.
	DiscoveryAggregated Discovery = "Aggregated"
	// DiscoveryLegacy is the documents by group and by version.
	DiscoveryLegacy Discovery = "Legacy"
)

// Resource is one resource of one version that a server serves.
type Resource struct {
	// Group of the API.
	Group string `json:"group"`
	// Version of the API.
	Version string `json:"version"`
	// Kind of the objects.
	Kind string `json:"kind"`
	// Resource is the plural name in paths.
	Resource string `json:"resource"`
	// Singular is the name of one. The kind in lower case when empty.
	Singular string `json:"singular,omitempty"`
	// ShortNames are what kubectl takes for the resource as well.
	ShortNames []string `json:"shortNames,omitempty"`
	// ClusterScoped is true for objects that are in no namespace.
	ClusterScoped bool `json:"clusterScoped,omitempty"`
	// Schema is the OpenAPI v3 schema of the kind. Any fields are kept when empty.
	Schema map[string]any `json:"schema,omitempty"`
}

// CertificateFault is what is wrong with a serving certificate.
type CertificateFault string

const (
	// CertificateGood is no fault: signed by the authority in caBundle, for the Service's name, valid now.
	CertificateGood CertificateFault = "None"
	// CertificateExpired ran out.
	CertificateExpired CertificateFault = "Expired"
	// CertificateNotYetValid becomes valid later.
	CertificateNotYetValid CertificateFault = "NotYetValid"
	// CertificateWrongName is for another name than the Service's.
	CertificateWrongName CertificateFault = "WrongName"
	// CertificateWrongAuthority is signed by an authority that is not in caBundle.
	CertificateWrongAuthority CertificateFault = "WrongAuthority"
)

// Answer is what a scripted server says to some requests.
type Answer struct {
	// Path of the requests, without the query. A * at the end stands for any rest.
	Path string `json:"path"`
	// Methods of the requests. Any when empty.
	Methods []string `json:"methods,omitempty"`
	// Accept is a part of the Accept header that the requests must have. Any when empty.
	Accept string `json:"accept,omitempty"`
	// Status is the HTTP status. 200 when 0.
	Status int `json:"status,omitempty"`
	// Headers are set on the answer.
	Headers map[string]string `json:"headers,omitempty"`
	// ContentType of the body. application/json when empty.
	ContentType string `json:"contentType,omitempty"`
	// Body of the answer.
	Body string `json:"body,omitempty"`
}

// APIService registers one group version with the aggregator.
type APIService struct {
	// Server is the given server that serves it.
	Server string `json:"server"`
	// Group of the API.
	Group string `json:"group"`
	// Version of the API.
	Version string `json:"version"`
	// GroupPriorityMinimum orders groups, the highest first. 1000 when 0.
	GroupPriorityMinimum int32 `json:"groupPriorityMinimum,omitempty"`
	// VersionPriority orders versions in a group, the highest first. 15 when 0.
	VersionPriority int32 `json:"versionPriority,omitempty"`
	// CABundle is the authority that the aggregator is told to trust for the server. Server when empty, and None with insecureSkipTLSVerify.
	CABundle CABundle `json:"caBundle,omitempty"`
	// InsecureSkipTLSVerify lets the aggregator take any certificate. Kubernetes then refuses a caBundle.
	InsecureSkipTLSVerify bool `json:"insecureSkipTLSVerify,omitempty"`
	// Port of the Service that is asked for. The Service's port when 0.
	Port int32 `json:"port,omitempty"`
}

// CABundle says whose certificate stands in the caBundle of an APIService.
type CABundle string

const (
	// CABundleServer is the authority that signs the server's good certificates.
	CABundleServer CABundle = "Server"
	// CABundleOther is an authority that signs nothing of the server's.
	CABundleOther CABundle = "Other"
	// CABundleNone leaves the field empty: the aggregator then trusts the system's roots.
	CABundleNone CABundle = "None"
)
