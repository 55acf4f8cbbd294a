// SPDX-License-Identifier: Apache-2.0

package network

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/tools/cache"
)

const (
	byClusterIP = "clusterIP"
	byService   = "service"
)

// cluster is what is known of a cluster's Services and EndpointSlices.
type cluster struct {
	services, slices cache.Indexer

	mu sync.Mutex
	// turns counts the connections of each Service port.
	turns map[turn]int
}

type turn struct {
	service string
	port    int32
}

// resolve plays kube-proxy: from a Service's address to one of its endpoints'.
// It returns the Service's namespace and name too. Where kube-proxy chooses at
// random, endpoints take turns, in the order of their addresses.
func (c *cluster) resolve(address netip.AddrPort) (endpoint netip.AddrPort, service string, refused *refusal) {
	pending := func(format string, args ...any) *refusal {
		return &refusal{code: http.StatusServiceUnavailable, says: fmt.Sprintf(format, args...), mayCome: true}
	}
	found, err := c.services.ByIndex(byClusterIP, address.Addr().String())
	if err != nil || len(found) == 0 {
		return endpoint, "", pending("no Service has the ClusterIP %s", address.Addr())
	}
	object := found[0].(*corev1.Service)
	service = object.Namespace + "/" + object.Name
	i := slices.IndexFunc(object.Spec.Ports, func(p corev1.ServicePort) bool {
		return p.Port == int32(address.Port()) && isTCP(p.Protocol)
	})
	if i < 0 {
		return endpoint, service, pending("service %s has no port %d", service, address.Port())
	}
	port := object.Spec.Ports[i]
	parts, err := c.slices.ByIndex(byService, service)
	if err != nil || len(parts) == 0 {
		return endpoint, service, pending("service %s has no EndpointSlices", service)
	}
	named, ready := endpoints(parts, port.Name, address.Addr().Is6())
	switch {
	case !named:
		return endpoint, service, pending("service %s has no EndpointSlice with a port named %q", service, port.Name)
	case len(ready) == 0:
		return endpoint, service, pending("service %s has no ready endpoints", service)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := turn{service, port.Port}
	endpoint = ready[c.turns[key]%len(ready)]
	c.turns[key]++
	return endpoint, service, nil
}

// endpoints returns the addresses of the ready endpoints whose slice has a TCP
// port of the name, in order and each once, and whether any slice has.
//
// A slice joins its Service's port by the name alone, and a port without a name
// joins none
// (k8s.io/kubernetes@v1.37.2/pkg/proxy/endpointslicecache.go:173); an endpoint's
// first address is the only one that counts; readiness that is not stated is
// readiness.
func endpoints(parts []any, portName string, ipv6 bool) (named bool, ready []netip.AddrPort) {
	for _, part := range parts {
		slice := part.(*discoveryv1.EndpointSlice)
		for _, port := range slice.Ports {
			if port.Name == nil || *port.Name != portName || port.Port == nil {
				continue
			}
			if port.Protocol != nil && !isTCP(*port.Protocol) {
				continue
			}
			named = true
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready != nil && !*endpoint.Conditions.Ready || len(endpoint.Addresses) == 0 {
					continue
				}
				// A Service's IPv6 address leads to IPv6 endpoints, and an IPv4 one to IPv4's.
				ip, err := netip.ParseAddr(endpoint.Addresses[0])
				if err == nil && ip.Unmap().Is6() == ipv6 {
					ready = append(ready, netip.AddrPortFrom(ip.Unmap(), uint16(*port.Port)))
				}
			}
		}
	}
	slices.SortFunc(ready, netip.AddrPort.Compare)
	return named, slices.Compact(ready)
}

// isTCP knows that a protocol that is not stated is TCP.
func isTCP(protocol corev1.Protocol) bool { return protocol == corev1.ProtocolTCP || protocol == "" }

// indexClusterIPs files a Service under its addresses.
func indexClusterIPs(object any) ([]string, error) {
	service, ok := object.(*corev1.Service)
	if !ok {
		return nil, fmt.Errorf("index a %T by ClusterIP", object)
	}
	ips := service.Spec.ClusterIPs
	if len(ips) == 0 {
		ips = []string{service.Spec.ClusterIP}
	}
	var keys []string
	for _, text := range ips {
		// Neither "None" of a headless Service nor "" of an ExternalName is one.
		if ip, err := netip.ParseAddr(text); err == nil {
			keys = append(keys, ip.Unmap().String())
		}
	}
	return keys, nil
}

// indexSlices files an EndpointSlice under its Service.
func indexSlices(object any) ([]string, error) {
	slice, ok := object.(*discoveryv1.EndpointSlice)
	if !ok {
		return nil, fmt.Errorf("index a %T by Service", object)
	}
	name := slice.Labels[discoveryv1.LabelServiceName]
	if name == "" {
		return nil, nil
	}
	return []string{slice.Namespace + "/" + name}, nil
}
