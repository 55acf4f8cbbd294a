// SPDX-License-Identifier: Apache-2.0

// Package harness boots a real Kubernetes control plane on one machine and puts
// extension API servers behind its aggregator.
//
// A [Cluster] is an etcd and one or more kube-apiservers, unpatched, as child
// processes, and a virtual network between the kube-apiservers and the servers
// behind them. Nothing needs root, containers or a route to anywhere.
//
// # In a test
//
//	func TestMyServer(t *testing.T) {
//		cluster := harness.Start(t, harness.Config{})
//		server, err := cluster.Install(t.Context(), harness.ServerConfig{
//			Name:    "my-api-server",
//			Handler: harness.Handler(myHandler),
//		})
//		...
//		err = cluster.Register(t.Context(), harness.APIService{Group: "custom.example.com", Version: "v1", Server: server})
//		...
//		err = cluster.WaitServes(t.Context(), schema.GroupVersion{Group: "custom.example.com", Version: "v1"})
//	}
//
// [Start] closes the cluster when the test ends; [New] leaves that to the caller.
//
// # What Install makes
//
// [Cluster.Install] gives a server what it would have in production: a Service
// with a ClusterIP, an EndpointSlice with an address for each replica, a serving
// certificate for the Service's name from an authority of its own, and the
// identity of a ServiceAccount with just the rights that the documentation of
// the aggregation layer asks for. The handler is served with TLS in the test's
// own process: connections of the kube-apiserver are handed to it without a TCP
// port.
//
// Instead of a handler a server may be a program ([Command]): its flags are
// templates, it listens on a port of 127.0.0.1 that the virtual network forwards
// to, and its certificate and key are files, which a rotation replaces.
// [Server.Restart], [Server.Stop], [Server.Start] and [Server.Signal] are about its
// process. ServerConfig.Pods shows each replica as a running Pod, and
// EndpointsFromPods leaves the EndpointSlice to the controller that makes it from
// them.
//
// # Controllers
//
// Config.ControllerManager runs the real kube-controller-manager beside the first
// kube-apiserver, with the controllers that are named and no others.
// [Cluster.StopControllerManager] and its kin stop, start, pause and resume it.
//
// # Available is not serving
//
// The condition Available of an APIService is written by one controller, and the
// proxy of each kube-apiserver learns of it later. [Cluster.WaitServes] waits
// for what counts: an answer from the server through every kube-apiserver.
//
// # Breaking things
//
// A link between a kube-apiserver and a replica, in either direction, breaks with
// the faults of package network: [Cluster.Network] has Break, and [Server.Link]
// names the link; [Server.Cut] and [Server.Refuse] are short for two of them.
// [Server.SetCertificateOf], [Server.Rotate], [Server.SetTLS] and
// [Cluster.SetCABundle] are about certificates and trust, [Server.SetReady] about
// endpoints. [Server.Client] asks a replica past the aggregator, with the
// certificate of whom you like.
//
// The control plane breaks too: [Cluster.StopAPIServer], [Cluster.PauseAPIServer]
// and their opposites on one of several kube-apiservers, and
// [Cluster.SetFrontProxyCertificate] on the aggregator's own identity.
//
// Each of these can be undone. What happens is on the cluster's
// [Cluster.Timeline]: conditions as each kube-apiserver shows them, connections,
// requests, faults.
//
// The aggregator looks again after periods of its own (30 s for availability,
// 60 s for discovery), which nothing shortens. [Server.Touch] and
// [Cluster.TouchAPIService] make it look at once, as a change of the object would.
//
// # Programs
//
// etcd, kube-apiserver and kubectl are looked for in the places of [BinariesConfig]:
// paths given outright and KUBEBUILDER_ASSETS, aggtest's store, setup-envtest's
// store, envtest's releases, and last a build from the Go module proxy, which
// takes minutes once. `aggtest binaries install` does that beforehand.
//
// # Leftovers
//
// [Cluster.Close] leaves nothing behind. What a killed process had started is
// ended and removed when the next cluster boots.
package harness
