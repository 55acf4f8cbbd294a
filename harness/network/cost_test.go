// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// BenchmarkCost compares one HTTP server through the network with the same
// through a port on loopback. The two take turns, request by request. A ratio of
// 1 is no cost.
func BenchmarkCost(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"Small", 100}, {"1MiB", 1 << 20}} {
		b.Run(size.name, func(b *testing.B) {
			bed := newBed(b)
			body := make([]byte, size.bytes)
			handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
			address := netip.AddrPortFrom(bed.AllocateEndpoint(), 8443)
			listener, err := bed.Listen("server/0", address)
			if err != nil {
				b.Fatal(err)
			}
			through := bed.serveHTTPS(b, listener, address.String(), handler)
			loopback, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			server := httptest.NewUnstartedServer(handler)
			server.Listener.Close()
			server.Listener, server.EnableHTTP2 = loopback, true
			server.StartTLS()
			b.Cleanup(server.Close)
			clients := []*http.Client{through, server.Client()}
			urls := []string{"https://server/", server.URL}
			var took [2][]time.Duration
			for i := 0; b.Loop(); i++ {
				for turn := range clients {
					which := (i + turn) % 2
					start := time.Now()
					response, err := clients[which].Get(urls[which])
					if err != nil {
						b.Fatal(err)
					}
					if _, err := io.Copy(io.Discard, response.Body); err != nil {
						b.Fatal(err)
					}
					response.Body.Close()
					took[which] = append(took[which], time.Since(start))
				}
			}
			for which := range took {
				slices.Sort(took[which])
			}
			with, without := took[0][len(took[0])/2], took[1][len(took[1])/2]
			b.ReportMetric(float64(with.Nanoseconds())/1e3, "µs-p50")
			b.ReportMetric(float64(without.Nanoseconds())/1e3, "µs-p50-loopback")
			b.ReportMetric(float64(with)/float64(without), "p50-ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
