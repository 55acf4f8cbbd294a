// SPDX-License-Identifier: Apache-2.0

package timeline_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

func TestString(t *testing.T) {
	cases := []struct {
		fact         timeline.Fact
		want, reason string
	}{
		{
			timeline.ConditionChange{APIServer: "kube-apiserver-0", APIService: "v1.a.example.com", Type: "Available", Status: "False", Reason: "ServiceNotFound", Message: "service/x is not present"},
			"kube-apiserver-0 sees v1.a.example.com Available=False ServiceNotFound: service/x is not present", "a condition",
		},
		{
			timeline.ConditionChange{APIServer: "kube-apiserver-0", APIService: "v1.a.example.com", Type: "Available"},
			"kube-apiserver-0 sees v1.a.example.com gone", "no status means that there is no APIService",
		},
		{
			timeline.Dial{From: "kube-apiserver-0", Address: "10.0.0.1:443", To: "server/0", ID: 7},
			"kube-apiserver-0 dials 10.0.0.1:443: reaches server/0", "a dial that came through",
		},
		{
			timeline.Dial{From: "kube-apiserver-0", Address: "10.0.0.1:443", Err: "nothing listens at 10.0.0.1:443"},
			"kube-apiserver-0 dials 10.0.0.1:443: nothing listens at 10.0.0.1:443", "a dial that did not",
		},
		{
			timeline.Hangup{ID: 7, From: "kube-apiserver-0", To: "server/0", Sent: 10, Received: 2000, Open: 1234 * time.Millisecond, Reason: "cut"},
			"kube-apiserver-0 to server/0 cut after 1.2s, 10 bytes there, 2000 back", "from a second on, a tenth is exact enough",
		},
		{
			timeline.Request{Server: "server/0", Method: "GET", Path: "/apis", User: "alice", Code: 200, Took: 1234 * time.Microsecond},
			"server/0 answers 200 to GET /apis by alice in 1ms", "below a second, a millisecond is",
		},
		{
			timeline.Request{Server: "server/0", Method: "GET", Path: "/apis", Code: 403, Took: 12345 * time.Millisecond},
			"server/0 answers 403 to GET /apis by nobody in 12s", "no user is nobody, and from ten seconds on a second is exact enough",
		},
		{
			timeline.Fault{On: "everybody to server", What: "cut"},
			"everybody to server: cut", "something was broken",
		},
		{
			timeline.Fault{On: "server", What: "Expired", Undone: true},
			"server: Expired is over", "something was mended",
		},
		{
			timeline.Action{What: "delete service x"},
			"delete service x", "an action that went well",
		},
		{
			timeline.Action{What: "delete service x", Err: "not found"},
			"delete service x: not found", "an action that did not",
		},
		{
			timeline.Expectation{What: "a is served", Held: true, Took: 36 * time.Millisecond, Last: "served"},
			"held after 36ms: a is served", "what was seen last is of no interest then",
		},
		{
			timeline.Expectation{What: "a is served", Took: 10 * time.Second, Last: "503"},
			"did not hold in 10s: a is served (last seen: 503)", "what was seen instead",
		},
		{
			timeline.Expectation{What: "a is served", Took: 10 * time.Second},
			"did not hold in 10s: a is served", "nothing was seen at all",
		},
		{
			timeline.Process{Name: "etcd", What: "started", PID: 42},
			"etcd started", "the process id varies, and stands in the fact",
		},
		{
			timeline.Interval{Name: "outage", Took: 1234 * time.Millisecond, From: "the cut", To: "the first good answer"},
			"outage took 1.2s, from the cut to the first good answer", "both ends are known",
		},
		{
			timeline.Interval{Name: "outage", Took: 9 * time.Second, To: "the first good answer"},
			"outage took 9s, to the first good answer", "one of them is",
		},
		{
			timeline.Interval{Name: "outage", Took: 9 * time.Millisecond},
			"outage took 9ms", "the name says it all",
		},
	}
	kinds := map[reflect.Type]bool{}
	for _, tc := range cases {
		kinds[reflect.TypeOf(tc.fact)] = true
		if got := tc.fact.String(); got != tc.want {
			t.Errorf("%T: %q, want %q: %s", tc.fact, got, tc.want, tc.reason)
		}
	}
	if len(kinds) != 9 {
		t.Errorf("%d kinds of facts were tried, the package's manual names 9", len(kinds))
	}
}
