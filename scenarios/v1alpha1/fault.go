// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// LinkAction breaks the link between the kube-apiservers and a server until the
// server is mended or the scenario ends.
type LinkAction struct {
	// Server is the given server's name.
	Server string `json:"server"`
	// Replica is which one, from 0. All of them when not set.
	Replica *int `json:"replica,omitempty"`
	// APIServer is the kube-apiserver at the other end, from 0. Every one when not set.
	APIServer *int `json:"apiServer,omitempty"`
	// Port is the one that was dialed: the Service's, or the endpoint's 6443 where the aggregator routes by itself. Any when 0.
	Port int32 `json:"port,omitempty"`
	// Back is true for the way back, on which the server asks the kube-apiserver.
	Back bool `json:"back,omitempty"`
	// Fault is what is wrong with the link.
	Fault LinkFault `json:"fault"`
	// Direction is where the bytes go that are concerned. Both when empty.
	Direction LinkDirection `json:"direction,omitempty"`
	// Connections says which are concerned. What the fault's own description says when empty.
	Connections LinkConnections `json:"connections,omitempty"`
	// Next concerns only so many new connections. All when 0.
	Next int `json:"next,omitempty"`
	// Fraction concerns only a part of the connections, chosen at random: 0.2 is one of five. All when 0.
	Fraction float64 `json:"fraction,omitempty"`
	// Seed of the random choices. One is chosen, and reported, when 0.
	Seed int64 `json:"seed,omitempty"`
	// Delay is how long bytes are held up. For Delay and Slice.
	Delay Duration `json:"delay,omitempty"`
	// Jitter is by how much the delay varies at random. For Delay.
	Jitter Duration `json:"jitter,omitempty"`
	// BytesPerSecond is the bandwidth. For Bandwidth.
	BytesPerSecond int64 `json:"bytesPerSecond,omitempty"`
	// SliceBytes is the size of the slices. For Slice.
	SliceBytes int `json:"sliceBytes,omitempty"`
	// AfterBytes is how many bytes pass before. For Reset and Limit.
	AfterBytes int64 `json:"afterBytes,omitempty"`
	// Status is the HTTP status that a CONNECT is answered with. For FailConnect.
	Status int `json:"status,omitempty"`
}

// LinkFault is what is wrong with a link.
type LinkFault string

const (
	// LinkRefuse refuses new connections, as a port does that nobody listens on.
	LinkRefuse LinkFault = "Refuse"
	// LinkBlackHole leaves new dials without an answer.
	LinkBlackHole LinkFault = "BlackHole"
	// LinkFreeze stops the bytes of open connections, whose sockets stay.
	LinkFreeze LinkFault = "Freeze"
	// LinkCut closes open connections.
	LinkCut LinkFault = "Cut"
	// LinkReset resets connections, at once or after some bytes.
	LinkReset LinkFault = "Reset"
	// LinkDelay holds bytes up.
	LinkDelay LinkFault = "Delay"
	// LinkBandwidth lets through so many bytes a second.
	LinkBandwidth LinkFault = "Bandwidth"
	// LinkSlice passes bytes on in small writes.
	LinkSlice LinkFault = "Slice"
	// LinkLimit closes connections after some bytes.
	LinkLimit LinkFault = "Limit"
	// LinkFailConnect answers the CONNECT of a kube-apiserver with an HTTP status.
	LinkFailConnect LinkFault = "FailConnect"
)

// LinkDirection is where bytes go.
type LinkDirection string

const (
	// LinkToServer is from the one who dialed.
	LinkToServer LinkDirection = "ToServer"
	// LinkToClient is to the one who dialed.
	LinkToClient LinkDirection = "ToClient"
)

// LinkConnections says which connections a fault is on.
type LinkConnections string

const (
	// LinkNew are those that are made from now on.
	LinkNew LinkConnections = "New"
	// LinkOpen are those that are open now.
	LinkOpen LinkConnections = "Open"
	// LinkAll are both.
	LinkAll LinkConnections = "All"
)

// RotateAction gives a server a new certificate authority.
type RotateAction struct {
	// Server is the given server's name.
	Server string `json:"server"`
	// Reload is true when the replicas get certificates of the new authority as well, for new connections; open ones are kept. Otherwise they go on with those of the old one, as a server that does not read its files again.
	Reload bool `json:"reload,omitempty"`
}

// CABundleAction changes the caBundle of an APIService in place.
type CABundleAction struct {
	// APIService is the object's name, version.group.
	APIService string `json:"apiService"`
	// Server is the given server whose authorities are meant.
	Server string `json:"server"`
	// CABundle is what the field becomes.
	CABundle CABundle `json:"caBundle"`
}

// TLSAction changes how a server terminates TLS. New connections see it at once.
type TLSAction struct {
	// Server is the given server's name.
	Server string `json:"server"`
	TLS    `json:",inline"`
}

// TLS is how a server terminates TLS. Nothing set is as servers on
// k8s.io/apiserver do it.
type TLS struct {
	// ClientCertificate is whether the server asks for one. Requested when empty.
	ClientCertificate ClientCertificate `json:"clientCertificate,omitempty"`
	// MinVersion of TLS that the server takes. 1.2 when empty.
	MinVersion TLSVersion `json:"minVersion,omitempty"`
	// MaxVersion of TLS that the server takes. 1.3 when empty.
	MaxVersion TLSVersion `json:"maxVersion,omitempty"`
	// CipherSuites are the only ones that the server takes up to TLS 1.2, by their IANA names. Go's own when empty.
	CipherSuites []string `json:"cipherSuites,omitempty"`
	// ALPN are the protocols that the server offers. h2 and http/1.1 when empty.
	ALPN []string `json:"alpn,omitempty"`
}

// ClientCertificate is whether a server asks for a client certificate.
type ClientCertificate string

const (
	// ClientCertificateRequested asks, and lets in who has none.
	ClientCertificateRequested ClientCertificate = "Requested"
	// ClientCertificateNotRequested does not ask: the front proxy cannot show its own.
	ClientCertificateNotRequested ClientCertificate = "NotRequested"
	// ClientCertificateRequired ends the handshake of who has none.
	ClientCertificateRequired ClientCertificate = "Required"
)

// TLSVersion is a version of TLS.
type TLSVersion string

const (
	// TLS10 is TLS 1.0.
	TLS10 TLSVersion = "TLS10"
	// TLS11 is TLS 1.1.
	TLS11 TLSVersion = "TLS11"
	// TLS12 is TLS 1.2.
	TLS12 TLSVersion = "TLS12"
	// TLS13 is TLS 1.3.
	TLS13 TLSVersion = "TLS13"
)

// FrontProxyAction replaces the client certificate of the aggregator in place.
// The kube-apiserver reads the file again by itself.
type FrontProxyAction struct {
	// APIServer is which kube-apiserver, from 0. Each when not set.
	APIServer *int `json:"apiServer,omitempty"`
	// Fault is what is wrong with the new certificate: Expired, NotYetValid or WrongAuthority. None gives a good one.
	Fault CertificateFault `json:"fault"`
}

// DiscoveryAction changes the lies of a scripted server's discovery documents.
type DiscoveryAction struct {
	// Server is the given server's name.
	Server string `json:"server"`
	// Lies are told from now on, in place of all earlier ones. None makes the documents honest.
	Lies []DiscoveryLie `json:"lies"`
}

// DiscoveryLie is something that a server's discovery documents say wrongly.
type DiscoveryLie string

const (
	// LieMissingVersion leaves the server's versions out of the aggregated document.
	LieMissingVersion DiscoveryLie = "MissingVersion"
	// LieUnlikeLegacy puts other resources into the aggregated document than into the legacy ones.
	LieUnlikeLegacy DiscoveryLie = "UnlikeLegacy"
	// LieEmptyList lists no resources.
	LieEmptyList DiscoveryLie = "EmptyList"
	// LieNullVerbs gives the resources null in place of verbs.
	LieNullVerbs DiscoveryLie = "NullVerbs"
	// LieDuplicateKinds lists two resources of one kind.
	LieDuplicateKinds DiscoveryLie = "DuplicateKinds"
	// LieThousandsOfResources lists thousands of resources.
	LieThousandsOfResources DiscoveryLie = "ThousandsOfResources"
	// LieNullResponseKind gives the resources of the aggregated document no responseKind.
	LieNullResponseKind DiscoveryLie = "NullResponseKind"
	// LieWrongContentType sends the aggregated document as plain JSON.
	LieWrongContentType DiscoveryLie = "WrongContentType"
)
