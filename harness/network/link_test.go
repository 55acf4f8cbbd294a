// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/harness/timeline"
)

func TestLinks(t *testing.T) {
	// Two kube-apiservers, two servers, one of them with two replicas, a connection
	// of each to each.
	b := newBed(t)
	second := &bed{Network: b.Network, tl: b.tl, socket: socketPath(t)}
	if _, err := b.Egress("kube-apiserver-1", second.socket); err != nil {
		t.Fatal(err)
	}
	addresses := map[string]string{}
	for _, replica := range []string{"server/0", "server/1", "server-b/0"} {
		addresses[replica] = b.echo(t, replica).String()
	}
	from := map[string]*bed{"kube-apiserver-0": b, "kube-apiserver-1": second}

	cases := []struct {
		link   network.Link
		on     string
		hits   []string
		reason string
	}{
		{network.Link{}, "everybody to everything",
			[]string{"0>server/0", "0>server/1", "0>server-b/0", "1>server/0", "1>server/1", "1>server-b/0"}, "the zero value is all"},
		{network.Link{From: "kube-apiserver-1"}, "kube-apiserver-1 to everything",
			[]string{"1>server/0", "1>server/1", "1>server-b/0"}, "one kube-apiserver loses all"},
		{network.Link{To: "server"}, "everybody to server",
			[]string{"0>server/0", "0>server/1", "1>server/0", "1>server/1"}, "a server is all its replicas, and no other that begins like it"},
		{network.Link{To: "server/1"}, "everybody to server/1",
			[]string{"0>server/1", "1>server/1"}, "one replica"},
		{network.Link{From: "kube-apiserver-0", To: "server-b/0"}, "kube-apiserver-0 to server-b/0",
			[]string{"0>server-b/0"}, "one link"},
		{network.Link{From: "kube-apiserver"}, "kube-apiserver to everything",
			nil, "a kube-apiserver's name is no server's with an index"},
	}
	for _, tc := range cases {
		t.Run(tc.on, func(t *testing.T) {
			open := map[string]net.Conn{}
			for name, bed := range from {
				for replica, address := range addresses {
					conn := bed.mustDial(t, address)
					talk(t, conn)
					open[strings.TrimPrefix(name, "kube-apiserver-")+">"+replica] = conn
				}
			}
			hit := map[string]bool{}
			for _, name := range tc.hits {
				hit[name] = true
			}

			since := b.tl.Mark()
			undo := b.Refuse(tc.link)
			for name, bed := range from {
				for replica, address := range addresses {
					key := strings.TrimPrefix(name, "kube-apiserver-") + ">" + replica
					conn, status := bed.dial(t, address)
					want := "200 Connection established"
					if hit[key] {
						want = "503 nothing listens at " + address
					}
					if status != want {
						t.Errorf("a new connection %s: %s, want %s: %s", key, status, want, tc.reason)
					}
					conn.Close()
				}
			}
			for _, dial := range facts[timeline.Dial](b.tl, since) {
				if dial.Err != "" && dial.Err != "refused, as a fault asks for ("+tc.on+")" {
					t.Errorf("the timeline says %q, want it to name the fault", dial.Err)
				}
			}
			for name, conn := range open {
				if err := say(conn); err != nil {
					t.Errorf("the open connection %s was not spared: %v", name, err)
				}
			}
			undo()
			undo()
			for _, bed := range from {
				for _, address := range addresses {
					bed.mustDial(t, address).Close()
				}
			}
			// The connections closed above may not be off the books yet.
			await[timeline.Hangup](t, b.tl, since, len(open)-len(tc.hits)+len(open))

			if got := b.Connections(tc.link); got != len(tc.hits) {
				t.Errorf("%d connections on the link, want %d: %s", got, len(tc.hits), tc.reason)
			}
			before := b.tl.Mark()
			if got := b.Cut(tc.link); got != len(tc.hits) {
				t.Errorf("%d connections were cut, want %d: %s", got, len(tc.hits), tc.reason)
			}
			hangups := facts[timeline.Hangup](b.tl, before)
			if len(hangups) != len(tc.hits) {
				t.Errorf("%d hang-ups are recorded when Cut returns, want %d", len(hangups), len(tc.hits))
			}
			for _, hangup := range hangups {
				if hangup.Reason != "cut" {
					t.Errorf("a hang-up has reason %q, want cut", hangup.Reason)
				}
			}
			for name, conn := range open {
				if err := say(conn); (err != nil) != hit[name] {
					t.Errorf("the connection %s after the cut: %v: %s", name, err, tc.reason)
				}
			}
			if got := b.Connections(tc.link); got != 0 {
				t.Errorf("%d connections on the link after the cut", got)
			}
			want := []timeline.Fault{
				{On: tc.on, What: "new connections are refused"},
				{On: tc.on, What: "new connections are refused", Undone: true},
				{On: tc.on, What: "cut"},
			}
			if diff := cmp.Diff(want, facts[timeline.Fault](b.tl, since)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			rest := len(open) - len(tc.hits)
			if got := b.Cut(network.Link{}); got != rest {
				t.Errorf("%d connections were left, want %d", got, rest)
			}
		})
	}
}

// Faults overlap: taking one away does not take the other.
func TestRefuseTwice(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "server/0").String()
	undoAll := b.Refuse(network.Link{})
	undoOne := b.Refuse(network.Link{To: "server"})
	undoAll()
	if _, status := b.dial(t, address); !strings.HasPrefix(status, "503 ") {
		t.Errorf("with one of two faults: %s", status)
	}
	undoOne()
	talk(t, b.mustDial(t, address))
}

// A kube-apiserver that has lost everything does not wait for what is unknown.
func TestRefuseEverythingAtOnce(t *testing.T) {
	b := newBed(t)
	defer b.Refuse(network.Link{From: apiServer})()
	if _, status := b.dial(t, "10.0.0.7:443"); status != "503 nothing listens at 10.0.0.7:443" {
		t.Error(status)
	}
	const want = "refused, as a fault asks for (kube-apiserver-0 to everything)"
	if got := facts[timeline.Dial](b.tl, 0); len(got) != 1 || got[0].Err != want {
		t.Errorf("dials: %v, want one that says %q", got, want)
	}
}
