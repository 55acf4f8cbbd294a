// SPDX-License-Identifier: Apache-2.0

// Package network is the virtual network of a test cluster. It lives in the
// kube-apiservers' egress selectors: needs no root, no kube-proxy and nothing on
// the host's network.
//
// # The way there
//
// Each kube-apiserver is started with an [EgressSelectorConfiguration] that names
// a UNIX socket, and [Network.Egress] serves it. The kube-apiserver then dials
// everything in the cluster by sending CONNECT host:port to the socket. The
// network finds who answers:
//
//   - an address to which a server was attached, by [Network.Listen] for one in
//     this process and by [Network.Forward] for one in another, is that server.
//     These are what a kube-apiserver dials with --enable-aggregator-routing;
//   - the ClusterIP and a port of a Service is one of its ready endpoints, in
//     turn, as kube-proxy would have it, at the port of the same name. Services
//     and EndpointSlices are watched, once [Network.Follow] was called;
//   - everything else is refused. Nothing leaves the machine.
//
// An extension server with two replicas takes these steps, besides a Service and
// an EndpointSlice with both addresses:
//
//	n := network.New(tl)
//	defer n.Close()
//	egress, err := n.Egress("kube-apiserver-0", socketPath)
//	err = n.Follow(ctx, client)
//	for i := range 2 {
//		address := netip.AddrPortFrom(n.AllocateEndpoint(), 8443)
//		listener, err := n.Listen(fmt.Sprintf("my-api-server/%d", i), address)
//		go server.Serve(tls.NewListener(listener, tlsConfig))
//	}
//
// A dial to what is not known waits up to a second for it to come: the
// kube-apiserver's watch may be ahead of the network's.
//
// A dial that is refused gets a status of 4xx or 5xx, whose phrase and body say
// why; the phrase ends up in the APIService's message.
//
// # Clients in this process
//
// [Network.Dial] connects like a kube-apiserver, under a name of its own, without
// a socket: for probes and background traffic.
//
// # The way back
//
// A server under test reaches its kube-apiserver through a [Network.Relay], a
// port on loopback, so that this way can be broken as well.
//
// # Breaking it
//
// A [Link] says which connections are meant: from a kube-apiserver or from all,
// to a server, to one replica, or to all, at one port or at any. A [Fault] says
// what is wrong with them: its [Kind], in which direction, with open connections
// or new ones, with the next few or with a share. [Network.Break] puts a fault on
// a link and returns what undoes it; [Network.Refuse] and [Network.Cut] are short
// for the two that are needed most. Several faults may be on one connection:
// delays add up, the smallest bandwidth, slice and limit count, and a frozen one
// is frozen.
//
//	undo, err := n.Break(network.Link{From: "kube-apiserver-1", To: "my-api-server/0"},
//		network.Fault{Kind: network.Delay, Delay: time.Second, Jitter: 200 * time.Millisecond, Seed: 42})
//
// A kube-apiserver keeps its connections for long, so a fault in what a server
// says at the start of one, a certificate for instance, is not seen until the old
// ones were cut.
//
// # What is recorded
//
// Each dial is a [timeline.Dial], refused ones too, each end of a connection a
// [timeline.Hangup] with the bytes in both directions, and each fault a
// [timeline.Fault], with the seed where anything is drawn.
package network
