// SPDX-License-Identifier: Apache-2.0

package network

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
)

func service(name, ip string, ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name},
		Spec:       corev1.ServiceSpec{ClusterIP: ip, Ports: ports},
	}
}

func port(name string, number int32) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Port: number, Protocol: corev1.ProtocolTCP}
}

func slice(service, name string, port discoveryv1.EndpointPort, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		Ports:      []discoveryv1.EndpointPort{port},
		Endpoints:  endpoints,
	}
}

func slicePort(name string, number int32) discoveryv1.EndpointPort {
	return discoveryv1.EndpointPort{Name: &name, Port: &number}
}

func ready(ip string) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{ip}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}
}

func unready(ip string) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{ip}, Conditions: discoveryv1.EndpointConditions{Ready: new(false)}}
}

func unsaid(ip string) discoveryv1.Endpoint { return discoveryv1.Endpoint{Addresses: []string{ip}} }

func newCluster(t *testing.T, objects ...any) *cluster {
	t.Helper()
	c := &cluster{
		services: cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{byClusterIP: indexClusterIPs}),
		slices:   cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{byService: indexSlices}),
		turns:    map[turn]int{},
	}
	for _, object := range objects {
		store := c.slices
		if _, ok := object.(*corev1.Service); ok {
			store = c.services
		}
		if err := store.Add(object); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestResolve(t *testing.T) {
	https := port("https", 443)
	two := service("x", "10.0.0.7", https, port("metrics", 9090))
	dual := service("x", "10.0.0.7", https)
	dual.Spec.ClusterIPs = []string{"10.0.0.7", "fd00::7"}
	udp := corev1.ServicePort{Name: "https", Port: 443, Protocol: corev1.ProtocolUDP}
	udpSlice := slicePort("https", 8443)
	udpSlice.Protocol = new(corev1.ProtocolUDP)
	elsewhere := slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.1"))
	elsewhere.Namespace = "other"
	unlabelled := slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.1"))
	unlabelled.Labels = nil
	noPort := slicePort("https", 0)
	noPort.Port = nil

	cases := []struct {
		name    string
		objects []any
		address string
		// want are the endpoints of the calls one after another; empty for a refusal.
		want   []string
		says   string
		reason string
	}{
		{
			name:    "one endpoint",
			objects: []any{service("x", "10.0.0.7", https), slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.1"))},
			want:    []string{"198.18.0.1:8443", "198.18.0.1:8443"},
			reason:  "the port is the slice's, not the Service's",
		},
		{
			name: "turns",
			objects: []any{service("x", "10.0.0.7", https),
				slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.2"), ready("198.18.0.1"), ready("198.18.0.10"))},
			want:   []string{"198.18.0.1:8443", "198.18.0.2:8443", "198.18.0.10:8443", "198.18.0.1:8443"},
			reason: "in the order of addresses, so that a test can tell who is next",
		},
		{
			name: "two slices",
			objects: []any{service("x", "10.0.0.7", https),
				slice("x", "x-2", slicePort("https", 9443), ready("198.18.0.1")),
				slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.2"), ready("198.18.0.3"))},
			want:   []string{"198.18.0.1:9443", "198.18.0.2:8443", "198.18.0.3:8443", "198.18.0.1:9443"},
			reason: "each slice has a target port of its own",
		},
		{
			name: "the same endpoint twice",
			objects: []any{service("x", "10.0.0.7", https),
				slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.1"), ready("198.18.0.2")),
				slice("x", "x-2", slicePort("https", 8443), ready("198.18.0.1"))},
			want:   []string{"198.18.0.1:8443", "198.18.0.2:8443", "198.18.0.1:8443"},
			reason: "an endpoint that moves between slices is in both for a while",
		},
		{
			name: "ready, not ready, not said",
			objects: []any{service("x", "10.0.0.7", https),
				slice("x", "x-1", slicePort("https", 8443), unready("198.18.0.1"), ready("198.18.0.2"), unsaid("198.18.0.3"))},
			want:   []string{"198.18.0.2:8443", "198.18.0.3:8443", "198.18.0.2:8443"},
			reason: "readiness that is not said is readiness",
		},
		{
			name: "port names",
			objects: []any{two,
				slice("x", "x-1", slicePort("metrics", 19090), ready("198.18.0.1")),
				slice("x", "x-2", slicePort("https", 8443), ready("198.18.0.2"))},
			want:   []string{"198.18.0.2:8443", "198.18.0.2:8443"},
			reason: "the name joins, not the number",
		},
		{
			name:    "empty port name",
			objects: []any{service("x", "10.0.0.7", port("", 443)), slice("x", "x-1", slicePort("", 8443), ready("198.18.0.1"))},
			want:    []string{"198.18.0.1:8443"},
			reason:  "a single port needs no name",
		},
		{
			name:    "IPv6",
			objects: []any{dual, slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.1"), ready("fd00:1::1"))},
			address: "[fd00::7]:443",
			want:    []string{"[fd00:1::1]:8443", "[fd00:1::1]:8443"},
			reason:  "each family leads to its own endpoints",
		},
		{
			name:    "IPv4 of two",
			objects: []any{dual, slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.1"), ready("fd00:1::1"))},
			want:    []string{"198.18.0.1:8443", "198.18.0.1:8443"},
			reason:  "each family leads to its own endpoints",
		},
		{
			name:   "nothing",
			says:   "no Service has the ClusterIP 10.0.0.7",
			reason: "the Service is not there",
		},
		{
			name:    "headless",
			objects: []any{service("x", "None", https), slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.1"))},
			says:    "no Service has the ClusterIP 10.0.0.7",
			reason:  `"None" is no address`,
		},
		{
			name:    "another port",
			objects: []any{two}, address: "10.0.0.7:444",
			says:   "service ns/x has no port 444",
			reason: "the Service does not listen there",
		},
		{
			name:    "UDP",
			objects: []any{service("x", "10.0.0.7", udp)},
			says:    "service ns/x has no port 443",
			reason:  "a UDP port of the same number is another",
		},
		{
			name:    "no slices",
			objects: []any{service("x", "10.0.0.7", https)},
			says:    "service ns/x has no EndpointSlices",
			reason:  "nobody made any",
		},
		{
			name:    "another namespace's slice",
			objects: []any{service("x", "10.0.0.7", https), elsewhere},
			says:    "service ns/x has no EndpointSlices",
			reason:  "a slice belongs to the Service in its namespace",
		},
		{
			name:    "a slice of nobody",
			objects: []any{service("x", "10.0.0.7", https), unlabelled},
			says:    "service ns/x has no EndpointSlices",
			reason:  "the label joins, not the name",
		},
		{
			name:    "another port name",
			objects: []any{service("x", "10.0.0.7", https), slice("x", "x-1", slicePort("http", 8443), ready("198.18.0.1"))},
			says:    `service ns/x has no EndpointSlice with a port named "https"`,
			reason:  "the name joins, though it is the only port",
		},
		{
			name:    "no port name",
			objects: []any{service("x", "10.0.0.7", port("", 443)), slice("x", "x-1", discoveryv1.EndpointPort{Port: new(int32(8443))}, ready("198.18.0.1"))},
			says:    `service ns/x has no EndpointSlice with a port named ""`,
			reason:  "no name is not the empty name",
		},
		{
			name:    "no port number",
			objects: []any{service("x", "10.0.0.7", https), slice("x", "x-1", noPort, ready("198.18.0.1"))},
			says:    `service ns/x has no EndpointSlice with a port named "https"`,
			reason:  "there is nowhere to go",
		},
		{
			name:    "a slice's UDP port",
			objects: []any{service("x", "10.0.0.7", https), slice("x", "x-1", udpSlice, ready("198.18.0.1"))},
			says:    `service ns/x has no EndpointSlice with a port named "https"`,
			reason:  "the protocol joins as well",
		},
		{
			name:    "none ready",
			objects: []any{service("x", "10.0.0.7", https), slice("x", "x-1", slicePort("https", 8443), unready("198.18.0.1"))},
			says:    "service ns/x has no ready endpoints",
			reason:  "kube-proxy rejects it",
		},
		{
			name:    "empty slice",
			objects: []any{service("x", "10.0.0.7", https), slice("x", "x-1", slicePort("https", 8443))},
			says:    "service ns/x has no ready endpoints",
			reason:  "the last replica was taken away",
		},
		{
			name:    "a name for an address",
			objects: []any{service("x", "10.0.0.7", https), slice("x", "x-1", slicePort("https", 8443), ready("example.com"))},
			says:    "service ns/x has no ready endpoints",
			reason:  "slices of type FQDN lead nowhere here",
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := newCluster(t, tc.objects...)
			address := "10.0.0.7:443"
			if tc.address != "" {
				address = tc.address
			}
			for i := range max(1, len(tc.want)) {
				got, _, refused := c.resolve(netip.MustParseAddrPort(address))
				if tc.says != "" {
					if refused == nil || refused.says != tc.says || !refused.mayCome || refused.code != 503 {
						t.Errorf("resolve(%s) = %v, %+v, want a refusal with %q: %s", address, got, refused, tc.says, tc.reason)
					}
					continue
				}
				if refused != nil || got.String() != tc.want[i] {
					t.Errorf("call %d: resolve(%s) = %v, %+v, want %s: %s", i+1, address, got, refused, tc.want[i], tc.reason)
				}
			}
		})
	}
}

func TestIndexesRefuseOtherObjects(t *testing.T) {
	for name, index := range map[string]cache.IndexFunc{byClusterIP: indexClusterIPs, byService: indexSlices} {
		if keys, err := index(&corev1.Pod{}); err == nil {
			t.Errorf("index %s files a Pod under %v", name, keys)
		}
	}
}

// The waiting is tested on a clock of its own: not a moment too long, and not
// cut short by an event that does not help.
func TestRouteWaits(t *testing.T) {
	const clusterIP = "10.0.0.7:443"
	cases := []struct {
		name   string
		after  func(t *testing.T, n *Network, c *cluster, add func(any))
		want   string
		took   time.Duration
		reason string
	}{
		{
			name: "Service and slice come late",
			after: func(t *testing.T, n *Network, c *cluster, add func(any)) {
				time.Sleep(100 * time.Millisecond)
				add(service("x", "10.0.0.7", port("https", 443)))
				time.Sleep(100 * time.Millisecond)
				add(slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.1")))
			},
			took:   200 * time.Millisecond,
			reason: "the first event does not help, the second does",
		},
		{
			name: "an endpoint becomes ready",
			after: func(t *testing.T, n *Network, c *cluster, add func(any)) {
				add(service("x", "10.0.0.7", port("https", 443)))
				add(slice("x", "x-1", slicePort("https", 8443), unready("198.18.0.1")))
				time.Sleep(300 * time.Millisecond)
				add(slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.1")))
			},
			took:   300 * time.Millisecond,
			reason: "an update is an event too",
		},
		{
			name: "nothing comes",
			after: func(t *testing.T, n *Network, c *cluster, add func(any)) {
				for range 30 {
					time.Sleep(100 * time.Millisecond)
					add(service("other", "10.0.0.8", port("https", 443)))
				}
			},
			want: "no Service has the ClusterIP 10.0.0.7", took: watchLag,
			reason: "events that do not help do not lengthen the wait",
		},
		{
			name: "the network is closed",
			after: func(t *testing.T, n *Network, c *cluster, add func(any)) {
				time.Sleep(50 * time.Millisecond)
				n.cancel()
			},
			want: "no Service has the ClusterIP 10.0.0.7", took: 50 * time.Millisecond,
			reason: "nobody waits for a dial then",
		},
		{
			name: "the endpoint is attached nowhere",
			after: func(t *testing.T, n *Network, c *cluster, add func(any)) {
				time.Sleep(100 * time.Millisecond)
				add(service("x", "10.0.0.7", port("https", 443)))
				add(slice("x", "x-1", slicePort("https", 8443), ready("198.18.0.9")))
			},
			want: "nothing listens at 10.0.0.7:443", took: 100 * time.Millisecond,
			reason: "a replica that has gone does not come back by waiting",
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := New(nil)
				defer n.Close()
				c := newCluster(t)
				n.cluster = c
				if _, err := n.Listen("x/0", netip.MustParseAddrPort("198.18.0.1:8443")); err != nil {
					t.Fatal(err)
				}
				if _, refused := n.find(netip.MustParseAddrPort(clusterIP)); refused == nil {
					t.Fatal("the address is known before anything was added")
				}
				start := time.Now()
				done := make(chan struct{})
				go func() {
					defer close(done)
					tc.after(t, n, c, func(object any) {
						store := c.slices
						if _, ok := object.(*corev1.Service); ok {
							store = c.services
						}
						if err := store.Add(object); err != nil {
							t.Error(err)
						}
						n.changed.send()
					})
				}()
				to, refused := n.route(n.ctx, &conn{from: "kube-apiserver-0"}, netip.MustParseAddrPort(clusterIP))
				took := time.Since(start)
				<-done
				switch {
				case tc.want == "" && (refused != nil || to.name != "x/0"):
					t.Errorf("refused with %+v, want a connection: %s", refused, tc.reason)
				case tc.want != "" && (refused == nil || refused.says != tc.want):
					t.Errorf("got %+v, want %q: %s", refused, tc.want, tc.reason)
				}
				if took != tc.took {
					t.Errorf("took %s, want %s: %s", took, tc.took, tc.reason)
				}
			})
		})
	}
}

// An endpoint's own address is never waited for: see find.
func TestRouteDoesNotWaitForEndpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(nil)
		defer n.Close()
		start := time.Now()
		_, refused := n.route(context.Background(), &conn{from: "kube-apiserver-0"}, netip.MustParseAddrPort("198.18.0.1:8443"))
		if refused == nil || refused.says != "nothing listens at 198.18.0.1:8443" {
			t.Errorf("got %+v, want a refusal", refused)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("took %s, want no time", took)
		}
	})
}

func TestAddresses(t *testing.T) {
	n := New(nil)
	defer n.Close()
	var seen []netip.Addr
	for range 300 {
		ip := n.AllocateEndpoint()
		if !endpointRange.Contains(ip) || ip == endpointRange.Addr() {
			t.Fatalf("%s is no endpoint's address", ip)
		}
		if slices.Contains(seen, ip) {
			t.Fatalf("%s was given out twice", ip)
		}
		seen = append(seen, ip)
	}
	a, again, b := n.addresses.of("a"), n.addresses.of("a"), n.addresses.of("b")
	if a.Addr() != again.Addr() || a == again {
		t.Errorf("a dials from %s and then %s, want one IP and two ports", a, again)
	}
	if a.Addr() == b.Addr() || !dialerRange.Contains(b.Addr()) {
		t.Errorf("a dials from %s and b from %s, want two IPs of %s", a, b, dialerRange)
	}
	for range 2 * ephemerals {
		if got := n.addresses.of("a"); got.Port() < firstEphemeral {
			t.Fatalf("%s has no ephemeral port", got)
		}
	}
}
