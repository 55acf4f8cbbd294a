// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apiserver/pkg/server/egressselector"

	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/harness/timeline"
)

// kubernetesDialer is the dialer that a kube-apiserver makes of our
// configuration, by its own code.
func kubernetesDialer(t *testing.T, socket string) func(address string) (net.Conn, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "egress.yaml")
	if err := os.WriteFile(file, network.EgressSelectorConfiguration(socket), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := egressselector.ReadEgressSelectorConfiguration(file)
	if err != nil {
		t.Fatal(err)
	}
	if errs := egressselector.ValidateEgressSelectorConfiguration(config); len(errs) > 0 {
		t.Fatal(errs.ToAggregate())
	}
	selector, err := egressselector.NewEgressSelector(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []egressselector.EgressType{egressselector.ControlPlane, egressselector.Etcd} {
		if dial, err := selector.Lookup(other.AsNetworkContext()); err != nil || dial != nil {
			t.Errorf("there is a dialer for %s, %v; only the cluster's should be ours", other, err)
		}
	}
	dial, err := selector.Lookup(egressselector.Cluster.AsNetworkContext())
	if err != nil {
		t.Fatal(err)
	}
	return func(address string) (net.Conn, error) { return dial(t.Context(), "tcp", address) }
}

func TestKubernetesDialer(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "my-api-server/0")
	dial := kubernetesDialer(t, b.socket)

	conn, err := dial(address.String())
	if err != nil {
		t.Fatal(err)
	}
	talk(t, conn)
	conn.Close()

	_, err = dial("198.18.9.9:443")
	if err == nil || !strings.HasSuffix(err.Error(), "while dialing 198.18.9.9:443, code 503: 503 nothing listens at 198.18.9.9:443") {
		t.Errorf("the dialer says %v, want it to pass on our reason", err)
	}

	await[timeline.Hangup](t, b.tl, 0, 1)
	want := []timeline.Dial{
		{From: apiServer, Address: address.String(), To: "my-api-server/0", ID: 1},
		{From: apiServer, Address: "198.18.9.9:443", Err: "nothing listens at 198.18.9.9:443"},
	}
	if diff := cmp.Diff(want, facts[timeline.Dial](b.tl, 0)); diff != "" {
		t.Errorf("dials (-want +got):\n%s", diff)
	}
	hangups := []timeline.Hangup{{ID: 1, From: apiServer, To: "my-api-server/0", Sent: 5, Received: 5, Reason: "closed"}}
	if diff := cmp.Diff(hangups, facts[timeline.Hangup](b.tl, 0), cmpopts.IgnoreFields(timeline.Hangup{}, "Open")); diff != "" {
		t.Errorf("hang-ups (-want +got):\n%s", diff)
	}
}

func TestEgressSelectorConfigurationQuotes(t *testing.T) {
	// The dialer is made without a look at the socket.
	dial := kubernetesDialer(t, `/tmp/with "quotes": #and\more`)
	if _, err := dial("10.0.0.1:443"); err == nil || !strings.Contains(err.Error(), `/tmp/with "quotes": #and\more`) {
		t.Errorf("the dialer says %v, want it to name the socket", err)
	}
}

func TestEgressRefuses(t *testing.T) {
	b := newBed(t)
	long := "/" + strings.Repeat("d", 120) + "/egress.sock"
	cases := []struct{ path, says, reason string }{
		{long, "open the egress of a: the socket's path has 133 bytes and 107 are allowed: " + long + "; set TMPDIR to a shorter directory", "the system's own error says only: invalid argument"},
		{b.socket, "address already in use", "two kube-apiservers have two sockets"},
		{filepath.Join(t.TempDir(), "none", "egress.sock"), "no such file or directory", "the directory is the caller's"},
	}
	for _, tc := range cases {
		if _, err := b.Egress("a", tc.path); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("Egress(%s) gives error %v, want %q: %s", tc.path, err, tc.says, tc.reason)
		}
	}
}

func TestEgressSocketIsPrivate(t *testing.T) {
	b := newBed(t)
	info, err := os.Stat(b.socket)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("the socket's mode is %o, want 600: whoever connects is a kube-apiserver to us", got)
	}
}

func TestEgressClose(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "my-api-server/0")
	path := socketPath(t)
	egress, err := b.Egress("kube-apiserver-1", path)
	if err != nil {
		t.Fatal(err)
	}
	if egress.SocketPath() != path {
		t.Errorf("the egress is at %s, want %s", egress.SocketPath(), path)
	}
	other := &bed{Network: b.Network, tl: b.tl, socket: path}
	open, silent, kept := other.mustDial(t, address.String()), other.open(t), b.mustDial(t, address.String())
	talk(t, open)

	for range 2 {
		if err := egress.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, conn := range map[string]net.Conn{"open": open, "silent": silent} {
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("the %s connection outlives its egress", name)
		}
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
	talk(t, kept)
	hangups := facts[timeline.Hangup](b.tl, 0)
	if len(hangups) != 1 || hangups[0].From != "kube-apiserver-1" || hangups[0].Reason != "stopped" {
		t.Errorf("hang-ups: %v, want the one of kube-apiserver-1", hangups)
	}
}

// What a server behind the aggregator gets is what it would get on a real
// network: TLS, HTTP/2, and addresses that can be read as such.
func TestHTTP2(t *testing.T) {
	b := newBed(t)
	address := netip.AddrPortFrom(b.AllocateEndpoint(), 8443)
	listener, err := b.Listen("my-api-server/0", address)
	if err != nil {
		t.Fatal(err)
	}
	client := b.serveHTTPS(t, listener, address.String(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		remote, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !netip.MustParsePrefix("198.19.0.0/16").Contains(remote.Addr()) {
			t.Errorf("the remote address is %s, want one of the network's dialers", r.RemoteAddr)
		}
		if local := r.Context().Value(http.LocalAddrContextKey); local.(net.Addr).String() != address.String() {
			t.Errorf("the local address is %s, want %s", local, address)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		io.WriteString(w, r.Proto+" "+string(body))
	}))
	for range 3 {
		response, err := client.Post("https://x/", "text/plain", strings.NewReader(strings.Repeat("a", 100_000)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if want := "HTTP/2.0 " + strings.Repeat("a", 100_000); string(got) != want {
			t.Errorf("got %d bytes beginning with %.20q, want %d beginning with %.20q", len(got), got, len(want), want)
		}
	}
	if got := b.Connections(network.Link{}); got != 1 {
		t.Errorf("%d connections are open, want the one that HTTP/2 keeps", got)
	}
	client.CloseIdleConnections()
	hangup := await[timeline.Hangup](t, b.tl, 0, 1)[0].Fact
	if hangup.Sent < 300_000 || hangup.Received < 300_000 || hangup.Sent > 400_000 || hangup.Received > 400_000 {
		t.Errorf("%d bytes there and %d back, want 300,000 and what TLS and HTTP add", hangup.Sent, hangup.Received)
	}
}

func BenchmarkGet(b *testing.B) {
	bed := newBed(b)
	address := netip.AddrPortFrom(bed.AllocateEndpoint(), 8443)
	listener, err := bed.Listen("my-api-server/0", address)
	if err != nil {
		b.Fatal(err)
	}
	client := bed.serveHTTPS(b, listener, address.String(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "ok")
	}))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			response, err := client.Get("https://x/")
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "gets/s")
}

func BenchmarkDial(b *testing.B) {
	bed := newBed(b)
	address := bed.echo(b, "my-api-server/0").String()
	for b.Loop() {
		conn := bed.mustDial(b, address)
		talk(b, conn)
		conn.Close()
	}
}
