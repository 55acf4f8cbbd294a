// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/pki"
)

const (
	benchGroup = "bench.example.com"
	benchPath  = "/apis/" + benchGroup + "/v1/"
	mebibyte   = 1 << 20
)

// backend is one HTTP server with two ways to it: the virtual network, and a
// port on loopback.
type backend struct {
	http.Server
	authority *pki.Authority
	body      []byte

	mu    sync.Mutex
	event chan struct{}
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Query().Get("watch") != "":
		b.watch(w, r)
	case strings.HasSuffix(r.URL.Path, "/blobs"):
		_, _ = w.Write(b.body)
	default:
		_, _ = io.WriteString(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"`+benchGroup+`/v1","resources":[]}`)
	}
}

// watch sends a line at each broadcast.
func (b *backend) watch(w http.ResponseWriter, r *http.Request) {
	next := b.next()
	w.(http.Flusher).Flush()
	for {
		select {
		case <-next:
			next = b.next()
			_, _ = io.WriteString(w, `{"type":"BOOKMARK","object":{"kind":"Thing","apiVersion":"`+benchGroup+`/v1","metadata":{"resourceVersion":"1"}}}`+"\n")
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

func (b *backend) next() chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.event
}

func (b *backend) broadcast() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.event)
	b.event = make(chan struct{})
}

// way is one of the two ways to the backend, each through a kube-apiserver of its
// own: both on one would have it dial what it cannot reach.
type way struct {
	name   string
	base   string
	config *rest.Config
	client *http.Client

	took   []time.Duration
	spent  time.Duration
	served int
}

// newWays boots the two control planes and registers the backend with both.
func newWays(b *testing.B) (through, direct *way, server *backend) {
	b.Helper()
	authority, err := pki.NewAuthority("bench")
	if err != nil {
		b.Fatal(err)
	}
	certificate, err := authority.Serving(pki.ServiceNames("bench", "default")...)
	if err != nil {
		b.Fatal(err)
	}
	server = &backend{authority: authority, body: []byte(strings.Repeat(`{"a":1} `, mebibyte/8)), event: make(chan struct{})}
	server.Handler = server
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate.TLS()}, NextProtos: []string{"h2", "http/1.1"}}

	virtual := harness.Start(b, harness.Config{})
	plain := harness.Start(b, harness.Config{NoEgressSelector: true})
	address := netip.AddrPortFrom(virtual.Network().AllocateEndpoint(), 6443)
	inside, err := virtual.Network().Listen("bench/0", address)
	if err != nil {
		b.Fatal(err)
	}
	loopback, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var serving sync.WaitGroup
	for _, listener := range []net.Listener{inside, loopback} {
		serving.Go(func() { _ = server.ServeTLS(listener, "", "") })
	}
	b.Cleanup(func() {
		server.Close()
		serving.Wait()
	})

	ctx, https, tcp, port := b.Context(), "https", corev1.ProtocolTCP, int32(address.Port())
	client := kubernetes.NewForConfigOrDie(virtual.RESTConfig())
	if _, err := client.CoreV1().Services("default").Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "bench"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: https, Port: 443}}},
	}, metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	if _, err := client.DiscoveryV1().EndpointSlices("default").Create(ctx, &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "bench", Labels: map[string]string{discoveryv1.LabelServiceName: "bench"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &https, Protocol: &tcp, Port: &port}},
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{address.Addr().String()}}},
	}, metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	client = kubernetes.NewForConfigOrDie(plain.RESTConfig())
	if _, err := client.CoreV1().Services("default").Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "bench"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	}, metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	port = int32(loopback.Addr().(*net.TCPAddr).Port)
	through = newWay(b, "network", virtual, authority, 443)
	direct = newWay(b, "loopback", plain, authority, port)
	return through, direct, server
}

func newWay(b *testing.B, name string, cluster *harness.Cluster, authority *pki.Authority, port int32) *way {
	b.Helper()
	w := &way{name: name, config: cluster.RESTConfig(), base: cluster.RESTConfig().Host}
	w.client = w.newClient(b)
	err := cluster.Register(b.Context(), harness.APIService{
		Group: benchGroup, Version: "v1", Port: port, CABundle: authority.CertificatePEM(),
		Service: &harness.ServiceReference{Namespace: "default", Name: "bench", Port: port},
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.Context(), servesWithin)
	defer cancel()
	for w.get(ctx, "") != nil {
		if ctx.Err() != nil {
			b.Fatalf("%s does not serve: %v", name, w.get(b.Context(), ""))
		}
	}
	return w
}

// newClient has connections of its own.
func (w *way) newClient(b *testing.B) *http.Client {
	b.Helper()
	config := rest.CopyConfig(w.config)
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		b.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: tlsConfig, ForceAttemptHTTP2: true}
	b.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (w *way) open(ctx context.Context, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+benchPath+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := w.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		says, _ := io.ReadAll(response.Body)
		return nil, fmt.Errorf("%s: GET %s: %s: %s", w.name, path, response.Status, says)
	}
	return response, nil
}

func (w *way) get(ctx context.Context, path string) error {
	response, err := w.open(ctx, path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// latency takes the time of one request.
func (w *way) latency(b *testing.B, path string) {
	start := time.Now()
	if err := w.get(b.Context(), path); err != nil {
		b.Fatal(err)
	}
	w.took = append(w.took, time.Since(start))
}

// load has clients send so many requests between them.
func (w *way) load(b *testing.B, path string, clients, requests int) {
	var all sync.WaitGroup
	start := time.Now()
	for range clients {
		all.Go(func() {
			for range requests / clients {
				if err := w.get(b.Context(), path); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	w.spent += time.Since(start)
	w.served += requests
}

func (w *way) quantile(q float64) time.Duration {
	slices.Sort(w.took)
	return w.took[int(q*float64(len(w.took)-1))]
}

func (w *way) perSecond() float64 { return float64(w.served) / w.spent.Seconds() }

func (w *way) reset() { w.took, w.spent, w.served = nil, 0, 0 }

// BenchmarkVirtualNetwork is what the virtual network costs: the same server
// behind an APIService, through the network, and without it by an ExternalName
// Service on loopback. The two take turns, the first changing, so that whatever
// else the machine does hits both. A ratio of 1 is no cost.
func BenchmarkVirtualNetwork(b *testing.B) {
	through, direct, server := newWays(b)
	turns := func(i int) []*way {
		if i%2 == 0 {
			return []*way{through, direct}
		}
		return []*way{direct, through}
	}
	for _, size := range []struct {
		name, path      string
		requests, batch int
	}{
		{"Small", "", 200, 400},
		{"1MiB", "blobs", 20, 40},
	} {
		b.Run(size.name, func(b *testing.B) {
			through.reset()
			direct.reset()
			i := 0
			for b.Loop() {
				for range size.requests {
					i++
					for _, w := range turns(i) {
						w.latency(b, size.path)
					}
				}
				for _, w := range turns(i) {
					w.load(b, size.path, 8, size.batch)
				}
				i++
			}
			for _, q := range []struct {
				name string
				at   float64
			}{{"p50", 0.5}, {"p99", 0.99}} {
				with, without := through.quantile(q.at), direct.quantile(q.at)
				b.ReportMetric(float64(with.Microseconds()), "µs-"+q.name)
				b.ReportMetric(float64(without.Microseconds()), "µs-"+q.name+"-loopback")
				b.ReportMetric(float64(with)/float64(without), q.name+"-ratio")
			}
			b.ReportMetric(through.perSecond(), "requests/s")
			b.ReportMetric(direct.perSecond(), "requests/s-loopback")
			b.ReportMetric(through.perSecond()/direct.perSecond(), "requests-ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
	b.Run("1000Watches", func(b *testing.B) {
		const watches = 1000
		setup, event := map[*way]time.Duration{}, map[*way]time.Duration{}
		i := 0
		for b.Loop() {
			for _, w := range turns(i) {
				opened, got := w.watch(b, server, watches)
				setup[w] += opened
				event[w] += got
			}
			i++
		}
		for _, of := range []struct {
			name  string
			times map[*way]time.Duration
		}{{"setup", setup}, {"event", event}} {
			with, without := of.times[through], of.times[direct]
			b.ReportMetric(float64(with.Milliseconds())/float64(i), "ms-"+of.name)
			b.ReportMetric(float64(without.Milliseconds())/float64(i), "ms-"+of.name+"-loopback")
			b.ReportMetric(float64(with)/float64(without), of.name+"-ratio")
		}
		b.ReportMetric(0, "ns/op")
	})
}

// watch opens watches, broadcasts a few events, and closes them. It returns how
// long it took until all were open, and how long, on average, until all had got
// an event.
func (w *way) watch(b *testing.B, server *backend, watches int) (opened, got time.Duration) {
	const events = 4
	ctx, cancel := context.WithCancel(b.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	// Not the client of the requests: its connections are its own.
	own := *w
	own.client = w.newClient(b)
	ready, seen := make(chan struct{}, watches), make(chan struct{}, watches)
	start := time.Now()
	for range watches {
		all.Go(func() {
			response, err := own.open(ctx, "things?watch=true")
			if err != nil {
				b.Error(err)
				ready <- struct{}{}
				return
			}
			defer response.Body.Close()
			ready <- struct{}{}
			lines := bufio.NewReader(response.Body)
			for {
				if _, err := lines.ReadString('\n'); err != nil {
					return
				}
				seen <- struct{}{}
			}
		})
	}
	for range watches {
		<-ready
	}
	opened = time.Since(start)
	for range events {
		if b.Failed() {
			b.FailNow()
		}
		start = time.Now()
		server.broadcast()
		for range watches {
			<-seen
		}
		got += time.Since(start) / events
	}
	return opened, got
}
