// SPDX-License-Identifier: Apache-2.0

package network

import (
	"encoding/binary"
	"net/netip"
	"sync"
)

// Addresses come from 198.18.0.0/15, which RFC 2544 sets aside for tests of
// network devices: no host on a real network has one, so that an address that
// got out by mistake would reach nobody; it is neither loopback nor link-local,
// which an EndpointSlice may not hold
// (k8s.io/kubernetes@v1.37.2/pkg/apis/core/validation/validation.go:8746); and it
// has room, unlike the documentation ranges with their 254. The lower half is
// for endpoints, the upper for who dials them.
var (
	endpointRange = netip.MustParsePrefix("198.18.0.0/16")
	dialerRange   = netip.MustParsePrefix("198.19.0.0/16")
)

// ephemeral ports, from which a dialer's are: IANA's dynamic range.
const (
	firstEphemeral = 49152
	ephemerals     = 65536 - firstEphemeral
)

// addresses gives out the network's addresses. The zero value is ready for use.
type addresses struct {
	mu        sync.Mutex
	endpoints uint16
	dialers   map[string]netip.Addr
	ports     uint64
}

// AllocateEndpoint returns an address for an endpoint that no other endpoint of
// this network has, from 198.18.0.0/16. After 65,534 it begins again.
func (n *Network) AllocateEndpoint() netip.Addr {
	n.addresses.mu.Lock()
	defer n.addresses.mu.Unlock()
	n.addresses.endpoints = n.addresses.endpoints%65534 + 1
	return nth(endpointRange, n.addresses.endpoints)
}

// of returns an address for a dialer's next connection: always the same IP, and
// ports in turn.
func (a *addresses) of(dialer string) netip.AddrPort {
	a.mu.Lock()
	defer a.mu.Unlock()
	ip, known := a.dialers[dialer]
	if !known {
		if a.dialers == nil {
			a.dialers = map[string]netip.Addr{}
		}
		ip = nth(dialerRange, uint16(len(a.dialers)+1))
		a.dialers[dialer] = ip
	}
	a.ports++
	return netip.AddrPortFrom(ip, uint16(firstEphemeral+a.ports%ephemerals))
}

// nth returns an address of a range of 2^16.
func nth(prefix netip.Prefix, n uint16) netip.Addr {
	bytes := prefix.Addr().As4()
	binary.BigEndian.PutUint16(bytes[2:], n)
	return netip.AddrFrom4(bytes)
}
