// SPDX-License-Identifier: Apache-2.0

package network

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// longestSocketPath is what fits into a UNIX socket's address with its final
// zero: 107 bytes on Linux, 103 on macOS.
const longestSocketPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// Egress is the way into the network for one kube-apiserver.
type Egress struct {
	door *door
	path string
}

// Egress opens a UNIX socket at which a kube-apiserver finds the network. The
// name is what the timeline and [Link] call the kube-apiserver; the socket must
// not exist yet, and its path must fit into a UNIX socket's address: 107 bytes on
// Linux. Only the owner of this process may connect to it.
func (n *Network) Egress(apiServer, socketPath string) (*Egress, error) {
	if len(socketPath) > longestSocketPath {
		return nil, fmt.Errorf("open the egress of %s: the socket's path has %d bytes and %d are allowed: %s; "+
			"set TMPDIR to a shorter directory", apiServer, len(socketPath), longestSocketPath, socketPath)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socketPath, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("open the egress of %s: %w", apiServer, err)
	}
	if err := os.Chmod(socketPath, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("open the egress of %s: %w", apiServer, err), listener.Close())
	}
	door, err := n.open(apiServer, listener, serveConnect)
	if err != nil {
		return nil, fmt.Errorf("open the egress of %s: %w", apiServer, err)
	}
	return &Egress{door: door, path: socketPath}, nil
}

// SocketPath returns where the socket is.
func (e *Egress) SocketPath() string { return e.path }

// Close removes the socket, ends the connections that came through it and waits
// for its goroutines. Further calls do nothing.
func (e *Egress) Close() error {
	if err := e.door.Close(); err != nil {
		return fmt.Errorf("close the egress of %s: %w", e.door.from, err)
	}
	return nil
}

// serveConnect answers one CONNECT. With a replica in this process, the
// connection is that server's afterwards.
func serveConnect(d *door, c *conn) {
	target, address, refused, err := readConnect(c)
	if err != nil {
		c.end(closedByAnEnd)
		return
	}
	if refused == nil {
		c.port = address.Port()
		var to *replica
		if to, refused = d.network.route(d.ctx, c, address); refused == nil {
			refused = to.take(d.ctx, c, target)
		}
	}
	if refused != nil {
		c.reject(target, refused)
	}
}

// EgressSelectorConfiguration returns the file for a kube-apiserver's
// --egress-selector-config-file that sends everything bound for the cluster
// through the socket: the requests that the aggregator proxies, its probes,
// discovery, OpenAPI, upgraded connections, and webhooks that name a Service.
// etcd and the control plane are dialed as without it.
func EgressSelectorConfiguration(socketPath string) []byte {
	return []byte(`apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection:
    proxyProtocol: HTTPConnect
    transport:
      uds:
        udsName: ` + strconv.Quote(socketPath) + "\n")
}
