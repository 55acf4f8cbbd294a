// SPDX-License-Identifier: Apache-2.0

package timeline_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aggtest/aggtest/harness/timeline"
)

func TestJSONIsReadBack(t *testing.T) {
	kinds := map[reflect.Type]bool{}
	for _, entry := range story() {
		kinds[reflect.TypeOf(entry.Fact)] = true
		data, err := json.Marshal(entry)
		if err != nil {
			t.Fatalf("%T: %v", entry.Fact, err)
		}
		var got timeline.Entry
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatalf("%T: read %s: %v", entry.Fact, data, err)
		}
		if diff := cmp.Diff(entry, got); diff != "" {
			t.Errorf("%T (-written +read):\n%s", entry.Fact, diff)
		}
	}
	if len(kinds) != 9 {
		t.Errorf("%d kinds of facts were tried, the package's manual names 9", len(kinds))
	}
}

// TestJSONForm holds what programs read.
func TestJSONForm(t *testing.T) {
	cases := []struct {
		entry  timeline.Entry
		want   string
		reason string
	}{
		{
			timeline.Entry{Time: start.In(time.FixedZone("east", 3600)), At: 1500 * time.Millisecond,
				Fact: timeline.Dial{From: "kube-apiserver-0", Address: "10.0.0.1:443", To: "a/0", ID: 3}},
			`{"time":"2026-11-23T18:00:00.123456789Z","at":1.5,"kind":"dial","fact":{"from":"kube-apiserver-0","address":"10.0.0.1:443","to":"a/0","id":3}}`,
			"the wall clock is UTC wherever it is written",
		},
		{
			timeline.Entry{Time: start, Fact: timeline.Hangup{ID: 3, From: "k", To: "a/0", Sent: 1, Received: 2, Open: 1234567, Reason: "closed"}},
			`{"time":"2026-11-23T18:00:00.123456789Z","at":0,"kind":"hangup","fact":{"id":3,"from":"k","to":"a/0","sent":1,"received":2,"reason":"closed","openSeconds":0.001234567}}`,
			"lengths of time are seconds",
		},
		{
			timeline.Entry{Time: start, Fact: timeline.Expectation{What: "x", Held: false, Took: 40 * time.Second}},
			`{"time":"2026-11-23T18:00:00.123456789Z","at":0,"kind":"expectation","fact":{"what":"x","held":false,"tookSeconds":40}}`,
			"a verdict is written whichever it is",
		},
	}
	for _, tc := range cases {
		got, err := json.Marshal(tc.entry)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
		}
	}
}

func TestJSONOfNoFact(t *testing.T) {
	if data, err := json.Marshal(timeline.Entry{Time: start}); err == nil {
		t.Errorf("an entry without a fact is written as %s, which nobody can read", data)
	}
}

func TestJSONRefuses(t *testing.T) {
	const moment = `"time":"2026-11-23T18:00:00Z"`
	cases := []struct{ data, want, reason string }{
		{`[]`, "array", "no object"},
		{`{"at":1,"kind":"dial","fact":{}}`, "parsing time", "no time"},
		{`{"time":"0000-01-01T00:00:00+23:59","kind":"dial","fact":{}}`, "out of range", "a time that cannot be written again"},
		{`{"time":"18:00","at":1,"kind":"dial","fact":{}}`, "parsing time", "half a time"},
		{`{` + moment + `,"kind":"dail","fact":{}}`, `kind "dail" is none of conditionChange, dial, hangup, request, fault, action, expectation, process, interval`, "a kind that is not known"},
		{`{` + moment + `,"kind":"dial"}`, "read a dial of a timeline", "no fact"},
		{`{` + moment + `,"kind":"dial","fact":{"id":-1}}`, "read a dial of a timeline", "a fact of another form"},
		{`{` + moment + `,"kind":"interval","fact":{"tookSeconds":"1s"}}`, `read seconds "1s"`, "seconds are numbers"},
		{`{` + moment + `,"at":1e300,"kind":"dial","fact":{}}`, "290 years", "more seconds than there are"},
	}
	for _, tc := range cases {
		var entry timeline.Entry
		err := json.Unmarshal([]byte(tc.data), &entry)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: the error is %v, want %q: %s", tc.data, err, tc.want, tc.reason)
		}
	}
}

func TestJSONAcceptsWhatOthersWrite(t *testing.T) {
	const data = `{"kind":"interval","at":2.5e-1,"time":"2026-11-23T20:00:00+02:00","fact":{"name":"outage","tookSeconds":1e1,"colour":"red"},"more":1}`
	var got timeline.Entry
	if err := json.Unmarshal([]byte(data), &got); err != nil {
		t.Fatal(err)
	}
	want := timeline.Entry{Time: start.Truncate(time.Second), At: 250 * time.Millisecond, Fact: timeline.Interval{Name: "outage", Took: 10 * time.Second}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exponents, another zone and unknown fields (-want +got):\n%s", diff)
	}
}

// What can be read can be written, and is read the same again.
func FuzzEntry(f *testing.F) {
	for _, entry := range story() {
		data, err := json.Marshal(entry)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"time":"2026-11-23T18:00:00Z","at":-9223372036.854775808,"kind":"interval","fact":{"tookSeconds":9223372036.854775807}}`))
	f.Add([]byte(`{"time":"0000-01-01T00:00:00+23:59","at":null,"kind":"request","fact":{"headers":{"a":""},"groups":[]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first timeline.Entry
		if json.Unmarshal(data, &first) != nil {
			return
		}
		written, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("%s is read as %#v, which cannot be written: %v", data, first, err)
		}
		var second timeline.Entry
		if err := json.Unmarshal(written, &second); err != nil {
			t.Fatalf("%s is written as %s, which cannot be read: %v", data, written, err)
		}
		again, err := json.Marshal(second)
		if err != nil || !bytes.Equal(written, again) {
			t.Fatalf("%s is written as %s, and that as %s (%v)", data, written, again, err)
		}
	})
}
