// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/harness/timeline"
)

func TestValidate(t *testing.T) {
	cases := []struct {
		fault  network.Fault
		want   []string
		reason string
	}{
		{network.Fault{Kind: network.Refuse}, nil, "no field is needed"},
		{network.Fault{Kind: network.Refuse, Seed: 7}, nil, "a seed that is not needed does no harm"},
		{network.Fault{Kind: network.Refuse, Fraction: 1, Next: 3, Connections: "New"}, nil, "all of the next three"},
		{network.Fault{Kind: network.Delay, Delay: time.Second, Jitter: time.Second, Direction: network.ToClient}, nil, "a delay of 0 s to 2 s"},
		{network.Fault{Kind: network.Slice, SliceBytes: 1}, nil, "no pause"},
		{network.Fault{Kind: network.Reset, AfterBytes: 1, Direction: network.ToServer, Connections: network.All, Next: 1}, nil, "open ones and the next"},
		{network.Fault{}, []string{`kind: "" is none of [Refuse BlackHole Freeze Cut Reset Delay Bandwidth Slice Limit FailConnect]`}, "the zero value is no fault"},
		{network.Fault{Kind: "refuse"}, []string{`kind: "refuse" is none of`}, "kinds are spelled one way"},
		{
			network.Fault{Kind: network.Refuse, Direction: "Up", Connections: "Some", Next: -1, Fraction: 2},
			[]string{
				`direction: "Up" is none of [ToServer ToClient]`, `connections: "Some" is none of [New Open All]`,
				"next: -1 is less than 0", "fraction: 2 is not between 0 and 1",
			},
			"everything at once",
		},
		{
			network.Fault{
				Kind: network.BlackHole, Direction: network.ToServer, Connections: network.Open, Next: 1,
				Delay: 1, Jitter: 1, BytesPerSecond: 1, SliceBytes: 1, AfterBytes: 1, Status: 500,
			},
			[]string{
				"direction: BlackHole is always of both directions", "connections: BlackHole is of new connections only",
				"next: counts new connections, and the fault is of open ones only",
				"delay: means nothing to BlackHole", "jitter: means nothing to BlackHole", "bytesPerSecond: means nothing to BlackHole",
				"sliceBytes: means nothing to BlackHole", "afterBytes: means nothing to BlackHole", "status: means nothing to BlackHole",
			},
			"values without a meaning",
		},
		{network.Fault{Kind: network.Delay}, []string{"delay: Delay needs one"}, "what is needed"},
		{network.Fault{Kind: network.Bandwidth}, []string{"bytesPerSecond: Bandwidth needs one"}, "what is needed"},
		{network.Fault{Kind: network.Slice, Delay: -1}, []string{"delay: -1ns is not more than 0s", "sliceBytes: Slice needs one"}, "what is needed, and a negative pause"},
		{network.Fault{Kind: network.Limit, AfterBytes: -1}, []string{"afterBytes: -1 is not more than 0"}, "a negative limit"},
		{network.Fault{Kind: network.Delay, Delay: 1, Jitter: 2}, []string{"jitter: 2ns is not 0s to the delay of 1ns"}, "nothing arrives before it was sent"},
		{network.Fault{Kind: network.FailConnect, Status: 200}, []string{"status: 200 is not 300 to 599"}, "a CONNECT that is answered so has not failed"},
		{network.Fault{Kind: network.Reset, Direction: network.ToClient}, []string{"direction: Reset without afterBytes is of both directions"}, "there is no half of a RST"},
		{network.Fault{Kind: network.Cut, Fraction: math.NaN()}, []string{"fraction: NaN is not between 0 and 1"}, "not a number"},
	}
	for _, tc := range cases {
		err := tc.fault.Validate()
		if len(tc.want) == 0 {
			if err != nil {
				t.Errorf("%+v: %v: %s", tc.fault, err, tc.reason)
			}
			continue
		}
		if err == nil {
			t.Errorf("%+v is valid, want %q: %s", tc.fault, tc.want, tc.reason)
			continue
		}
		got := strings.Split(err.Error(), "\n")
		if len(got) != len(tc.want) {
			t.Errorf("%+v: got %q, want %q: %s", tc.fault, got, tc.want, tc.reason)
			continue
		}
		for i, want := range tc.want {
			if !strings.HasPrefix(got[i], want) {
				t.Errorf("%+v: got %q, want %q: %s", tc.fault, got[i], want, tc.reason)
			}
		}
	}
}

// What is wrong is not done.
func TestBreakRefuses(t *testing.T) {
	b := newBed(t)
	undo, err := b.Break(network.Link{To: "server"}, network.Fault{Kind: network.Limit})
	if want := "break everybody to server: afterBytes: Limit needs one"; err == nil || err.Error() != want || undo != nil {
		t.Errorf("got %v, want %q", err, want)
	}
	if got := facts[timeline.Fault](b.tl, 0); len(got) != 0 {
		t.Errorf("the timeline has %v", got)
	}
}
