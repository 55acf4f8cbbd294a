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
	// Nodes are there for the pods of the scenario's namespaces to run on.
	Nodes []Node `json:"nodes,omitempty"`
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
	// Kubernetes is the version of the kube-apiservers, such as v1.37.2. The run's own when empty.
	Kubernetes string `json:"kubernetes,omitempty"`
	// ControllerManager asks for a kube-controller-manager. There is none when it is not set.
	ControllerManager *ControllerManager `json:"controllerManager,omitempty"`
	// Each holds what is special about single kube-apiservers, in their order.
	Each []APIServer `json:"each,omitempty"`
	// FrontProxy says what is unusual about the aggregator's identity and the trust in it.
	FrontProxy *FrontProxy `json:"frontProxy,omitempty"`
}

// APIServer is what is special about one kube-apiserver of several.
type APIServer struct {
	// Flags are set over those of the control plane.
	Flags map[string]string `json:"flags,omitempty"`
	// Env is set over that of the control plane.
	Env map[string]string `json:"env,omitempty"`
	// Kubernetes is the version of this kube-apiserver. The control plane's when empty.
	Kubernetes string `json:"kubernetes,omitempty"`
}

// FrontProxy is the identity by which the aggregator is known to servers.
type FrontProxy struct {
	// Certificate is what is wrong with the aggregator's client certificate from the start: Expired, NotYetValid or WrongAuthority. Nothing when empty.
	Certificate CertificateFault `json:"certificate,omitempty"`
	// NoCertificate leaves the aggregator without one.
	NoCertificate bool `json:"noCertificate,omitempty"`
	// AllowedNames are the common names that servers are told to trust. The aggregator's own when empty.
	AllowedNames []string `json:"allowedNames,omitempty"`
	// AnyName tells servers to trust every name that the authority has signed.
	AnyName bool `json:"anyName,omitempty"`
	// SharedCA makes the authority of the front proxy that of all clients, too.
	SharedCA bool `json:"sharedCA,omitempty"`
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
	// FixtureMetrics is an honest server of the metrics APIs, on the libraries that adapters use, with values from the scenario.
	FixtureMetrics FixtureName = "metrics"
)

// Server is an extension API server with its Service, EndpointSlice and certificates.
type Server struct {
	// Name of the server within the scenario, and of its Service unless service says otherwise.
	Name string `json:"name"`
	// Fixture is which server it is: extension, scripted or metrics. extension when empty.
	Fixture FixtureName `json:"fixture,omitempty"`
	// Namespace of the Service. custom-system when empty.
	Namespace string `json:"namespace,omitempty"`
	// Service is the name of the Service. The server's name when empty.
	Service string `json:"service,omitempty"`
	// Port of the Service. 443 when 0.
	Port int32 `json:"port,omitempty"`
	// Replicas is how many endpoints the Service has, each a server of its own. 1 when 0.
	Replicas int `json:"replicas,omitempty"`
	// Serves lists the resources of the server. A metrics server knows them by itself.
	Serves []Resource `json:"serves,omitempty"`
	// APIs are those that a metrics server serves. All three when empty.
	APIs []MetricsAPI `json:"apis,omitempty"`
	// Metrics are the values that a metrics server gives out.
	Metrics *Metrics `json:"metrics,omitempty"`
	// Pods is true when each replica is shown as a running Pod with the label app: NAME.
	Pods bool `json:"pods,omitempty"`
	// EndpointsFromPods is true when the EndpointSlice is made from the Pods by the controller endpointslice, which the control plane must have.
	EndpointsFromPods bool `json:"endpointsFromPods,omitempty"`
	// Discovery is Aggregated when the server answers the aggregated discovery document, and Legacy when it knows only the old ones. Aggregated when empty.
	Discovery Discovery `json:"discovery,omitempty"`
	// Certificate is what is wrong with the serving certificate from the start. Nothing when empty.
	Certificate CertificateFault `json:"certificate,omitempty"`
	// TLS is how the server terminates TLS from the start.
	TLS *TLS `json:"tls,omitempty"`
	// Watch is true when the resources of a scripted server can be watched. Those of an extension server always can.
	Watch bool `json:"watch,omitempty"`
	// Lies are what a scripted server's discovery documents say wrongly, from the start.
	Lies []DiscoveryLie `json:"lies,omitempty"`
	// Answers replace or change what the server would say, from the start.
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
	// CertificateExpiring runs out after expiresIn.
	CertificateExpiring CertificateFault = "Expiring"
	// CertificateClusterDomainOnly is for the name that ends in svc.cluster.local alone.
	CertificateClusterDomainOnly CertificateFault = "ClusterDomainOnly"
	// CertificateCommonNameOnly has the right common name and no subject alternative names.
	CertificateCommonNameOnly CertificateFault = "CommonNameOnly"
	// CertificateSelfSigned is signed by itself.
	CertificateSelfSigned CertificateFault = "SelfSigned"
	// CertificateIncompleteChain is signed by an intermediate authority whose certificate is not sent.
	CertificateIncompleteChain CertificateFault = "IncompleteChain"
	// CertificateInsecureSignature is signed with SHA-1.
	CertificateInsecureSignature CertificateFault = "InsecureSignature"
	// CertificateWeakKey has an RSA key of 1024 bits.
	CertificateWeakKey CertificateFault = "WeakKey"
	// CertificateMissing is none at all: handshakes fail.
	CertificateMissing CertificateFault = "Missing"
)

// Answer is what a server says to some requests, in place of its own answer or as
// a change of it.
type Answer struct {
	// Path of the requests, without the query. A * at the end stands for any rest.
	Path string `json:"path"`
	// Methods of the requests. Any when empty.
	Methods []string `json:"methods,omitempty"`
	// Accept is a part of the Accept header that the requests must have. Any when empty.
	Accept string `json:"accept,omitempty"`
	// Users are the names in X-Remote-User of the requests. Any when empty.
	Users []string `json:"users,omitempty"`
	// Groups are names of which one must be in X-Remote-Group. Any when empty.
	Groups []string `json:"groups,omitempty"`
	// Skip is how many such requests are answered as before, first.
	Skip int `json:"skip,omitempty"`
	// Times is how many requests get the answer. No limit when 0.
	Times int `json:"times,omitempty"`
	// Lasts is how long the answer is given. Until it is undone when empty.
	Lasts Duration `json:"lasts,omitempty"`
	// Honest is true when the server's own answer is given, with what the other fields change of it.
	Honest bool `json:"honest,omitempty"`
	// Status is the HTTP status. 200 when 0, and the server's own when honest.
	Status int `json:"status,omitempty"`
	// Headers are set on the answer.
	Headers map[string]string `json:"headers,omitempty"`
	// ContentType of the body. application/json when empty, and the server's own when honest.
	ContentType string `json:"contentType,omitempty"`
	// Body of the answer.
	Body string `json:"body,omitempty"`
	// Delay is how long nothing is sent.
	Delay Duration `json:"delay,omitempty"`
	// StallAfter is how many bytes of the body are sent before nothing more comes.
	StallAfter *int64 `json:"stallAfter,omitempty"`
	// TruncateAfter is how many bytes of the body are sent before the connection breaks off.
	TruncateAfter *int64 `json:"truncateAfter,omitempty"`
	// Endless repeats the body until the client goes away.
	Endless bool `json:"endless,omitempty"`
	// GoAway tells the client to make no more requests on this connection.
	GoAway bool `json:"goAway,omitempty"`
	// DropAfter ends an answer that goes on, such as a watch, after so long.
	DropAfter Duration `json:"dropAfter,omitempty"`
	// NoBookmarks leaves the bookmarks out of a watch.
	NoBookmarks bool `json:"noBookmarks,omitempty"`
	// Echo takes an upgrade of the connection and sends back what comes.
	Echo bool `json:"echo,omitempty"`
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
	// CABundleServerAndOther holds both authorities.
	CABundleServerAndOther CABundle = "ServerAndOther"
	// CABundlePrevious is the server's authority before the last rotation.
	CABundlePrevious CABundle = "Previous"
	// CABundleServerAndPrevious holds the server's authorities before and after the last rotation.
	CABundleServerAndPrevious CABundle = "ServerAndPrevious"
	// CABundleNotPEM is text that is no PEM, which Kubernetes does not refuse.
	CABundleNotPEM CABundle = "NotPEM"
)
