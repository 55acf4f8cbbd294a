// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/harness/timeline"
)

// A server is attached to the address of an endpoint; a kube-apiserver reaches
// it through its socket.
func Example() {
	dir, err := os.MkdirTemp("", "aggtest")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	var tl timeline.Timeline
	n := network.New(&tl)
	defer n.Close()
	egress, err := n.Egress("kube-apiserver-0", filepath.Join(dir, "egress.sock"))
	if err != nil {
		panic(err)
	}
	address := netip.AddrPortFrom(n.AllocateEndpoint(), 8443)
	listener, err := n.Listen("my-api-server/0", address)
	if err != nil {
		panic(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))
	}()

	// What a kube-apiserver does, without the TLS.
	ask := func() {
		conn, err := net.Dial("unix", egress.SocketPath())
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", address)
		answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodConnect})
		if err != nil {
			panic(err)
		}
		fmt.Println(answer.Status)
	}
	ask()
	undo := n.Refuse(network.Link{To: "my-api-server"})
	ask()
	undo()

	n.Close()
	<-served
	for _, entry := range timeline.Of[timeline.Dial](&tl, 0) {
		fmt.Println(entry.Fact)
	}
	// Output:
	// 200 Connection established
	// 503 nothing listens at 198.18.0.1:8443
	// kube-apiserver-0 dials 198.18.0.1:8443: reaches my-api-server/0
	// kube-apiserver-0 dials 198.18.0.1:8443: refused, as a fault asks for (everybody to my-api-server)
}

func ExampleEgressSelectorConfiguration() {
	fmt.Print(string(network.EgressSelectorConfiguration("/tmp/aggtest/egress-0.sock")))
	// Output:
	// apiVersion: apiserver.k8s.io/v1beta1
	// kind: EgressSelectorConfiguration
	// egressSelections:
	// - name: cluster
	//   connection:
	//     proxyProtocol: HTTPConnect
	//     transport:
	//       uds:
	//         udsName: "/tmp/aggtest/egress-0.sock"
}
