// SPDX-License-Identifier: Apache-2.0

package network

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
)

// target is where something listens on this machine.
type target struct {
	// network is tcp or unix.
	network, address string
	// port is 0 for a UNIX socket.
	port uint16
}

// parseLocal reads a loopback host:port or the absolute path of a UNIX socket,
// and refuses whatever would leave the machine.
func parseLocal(text string) (target, error) {
	if filepath.IsAbs(text) {
		return target{network: "unix", address: text}, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return target{}, fmt.Errorf("%q is neither host:port nor the absolute path of a UNIX socket", text)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return target{}, fmt.Errorf("the port of %q is not 1 to 65535", text)
	}
	if host == "localhost" {
		// Not looked up: what the name resolves to is the machine's affair.
		host = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return target{}, fmt.Errorf("the host of %q is not a loopback address; nothing may leave this machine", text)
	}
	return target{network: "tcp", address: net.JoinHostPort(host, port), port: uint16(number)}, nil
}

func (t target) dial(ctx context.Context) (halfCloser, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, t.network, t.address)
	if err != nil {
		return nil, err
	}
	return raw.(halfCloser), nil
}
