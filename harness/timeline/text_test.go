// SPDX-License-Identifier: Apache-2.0

package timeline_test

import (
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aggtest/aggtest/harness/timeline"
)

var update = flag.Bool("update", false, "write the golden files anew; commit only what you understand")

// start is some moment.
var start = time.Date(2026, 11, 23, 18, 0, 0, 123456789, time.UTC)

// story has each kind of fact, in an order in which they may come.
func story() []timeline.Entry {
	const server = "my-api-server/0"
	available := timeline.ConditionChange{APIServer: "kube-apiserver-0", APIService: "v1.a.example.com", Type: "Available", Status: "True", Reason: "Passed", Message: "all checks passed"}
	expired := available
	expired.Status, expired.Reason = "False", "FailedDiscoveryCheck"
	expired.Message = `failing or missing response from https://198.18.0.2:6443/apis/a.example.com/v1: Get "https://198.18.0.2:6443/apis/a.example.com/v1": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-23T18:00:03Z is after 2026-11-23T17:00:00Z`
	facts := []struct {
		at   time.Duration
		fact timeline.Fact
	}{
		{0, timeline.Process{Name: "kube-apiserver-0", What: "started", PID: 4711}},
		{1520 * time.Millisecond, timeline.Process{Name: "kube-apiserver-0", What: "ready", PID: 4711}},
		{1600 * time.Millisecond, timeline.Dial{From: "kube-apiserver-0", Address: "10.0.12.7:443", To: server, ID: 7}},
		{1700 * time.Millisecond, timeline.Request{Server: server, Method: "GET", Path: "/apis/a.example.com/v1", Proto: "HTTP/2.0", User: "system:kube-aggregator", Groups: []string{"system:masters"}, ClientCertificate: "front-proxy-client", Headers: map[string]string{"accept": "*/*"}, Code: 200, Took: 1234567}},
		{1710 * time.Millisecond, available},
		{1800 * time.Millisecond, timeline.Expectation{What: "a.example.com/v1 is served", Held: true, Took: 800 * time.Millisecond}},
		{2 * time.Second, timeline.Action{What: "certificate of my-api-server: Expired"}},
		{2010 * time.Millisecond, timeline.Fault{On: "my-api-server", What: "Expired"}},
		{2100 * time.Millisecond, timeline.Fault{On: "everybody to my-api-server", What: "cut"}},
		{2110 * time.Millisecond, timeline.Hangup{ID: 7, From: "kube-apiserver-0", To: server, Sent: 517, Received: 20345, Open: 510 * time.Millisecond, Reason: "cut"}},
		{2300 * time.Millisecond, timeline.Dial{From: "kube-apiserver-0", Address: "10.0.12.7:443", To: server, ID: 8}},
		{2400 * time.Millisecond, timeline.Dial{From: "kube-apiserver-0", Address: "10.0.12.8:443", Err: "nothing listens at 10.0.12.8:443"}},
		{3 * time.Second, expired},
		{3100 * time.Millisecond, timeline.Expectation{What: "GET /apis has response.code == 200", Took: 10 * time.Second, Last: "503\nread tcp 127.0.0.1:51234->127.0.0.1:43211: connection reset by peer"}},
		{4 * time.Second, timeline.Interval{Name: "outage", Took: 1234 * time.Millisecond, From: "the cut", To: "the first good answer"}},
		{4100 * time.Millisecond, timeline.Action{What: "delete service b", Err: `services "b" not found`}},
		{4110 * time.Millisecond, timeline.Fault{On: "my-api-server", What: "Expired", Undone: true}},
		{12345 * time.Millisecond, timeline.ConditionChange{APIServer: "kube-apiserver-0", APIService: "v1.a.example.com", Type: "Available"}},
	}
	var entries []timeline.Entry
	for _, f := range facts {
		entries = append(entries, timeline.Entry{Time: start.Add(f.at), At: f.at, Fact: f.fact})
	}
	return entries
}

func text(t *testing.T, entries []timeline.Entry, opts timeline.TextOptions) string {
	t.Helper()
	var b strings.Builder
	if err := timeline.WriteText(&b, entries, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteText(t *testing.T) {
	for name, opts := range map[string]timeline.TextOptions{
		"transcript.txt":    {},
		"transcript.golden": {Golden: true},
	} {
		got, file := text(t, story(), opts), filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// Another run has other addresses, times and process ids, its facts come in
// another order, and the aggregator probes more often. The transcript is the same.
func TestGoldenIsTheSameInAnotherRun(t *testing.T) {
	want := text(t, story(), timeline.TextOptions{Golden: true})
	other := strings.NewReplacer("10.0.12.7", "10.0.44.1", "10.0.12.8", "10.0.3.3", "198.18.0.2", "198.18.0.9",
		"51234", "40001", "43211", "39999", "18:00:03", "23:59:59")
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0))
		entries := story()
		for i := range entries {
			entries[i].Time = entries[i].Time.Add(time.Duration(random.Int64N(int64(time.Hour))))
			switch f := entries[i].Fact.(type) {
			case timeline.Process:
				f.PID = random.IntN(9999)
				entries[i].Fact = f
			case timeline.Dial:
				f.Address, f.Err, f.ID = other.Replace(f.Address), other.Replace(f.Err), random.Uint64()
				entries[i].Fact = f
			case timeline.Hangup:
				f.Sent, f.Received, f.Open = random.Int64(), random.Int64(), time.Duration(random.Int64())
				entries[i].Fact = f
			case timeline.Request:
				f.Took = time.Duration(random.Int64())
				entries[i].Fact = f
			case timeline.ConditionChange:
				f.Message = other.Replace(f.Message)
				entries[i].Fact = f
			case timeline.Expectation:
				f.Took, f.Last = time.Duration(random.Int64()), other.Replace(f.Last)
				entries[i].Fact = f
			case timeline.Interval:
				f.Took = time.Duration(random.Int64())
				entries[i].Fact = f
			}
		}
		// The dials, requests and hang-ups of a section in any order, and some twice.
		shuffle := func(part []timeline.Entry) {
			random.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
		}
		shuffle(entries[2:5])
		shuffle(entries[9:13])
		entries = append(entries[:13:13], append([]timeline.Entry{entries[9+random.IntN(4)]}, entries[13:]...)...)
		if diff := cmp.Diff(want, text(t, entries, timeline.TextOptions{Golden: true})); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// A transcript that is the same whatever happens would be stable too.
func TestGoldenTellsRunsApart(t *testing.T) {
	want := text(t, story(), timeline.TextOptions{Golden: true})
	for i := range story() {
		without := story()
		without = append(without[:i], without[i+1:]...)
		if text(t, without, timeline.TextOptions{Golden: true}) == want {
			t.Errorf("nobody sees that %q did not happen", story()[i].Fact)
		}
	}
	swapped := story()
	swapped[4].Fact, swapped[12].Fact = swapped[12].Fact, swapped[4].Fact
	if text(t, swapped, timeline.TextOptions{Golden: true}) == want {
		t.Error("nobody sees that the conditions came in another order")
	}
}

func TestLine(t *testing.T) {
	at := func(d time.Duration, what string) timeline.Entry {
		return timeline.Entry{Time: start.Add(d), Fact: timeline.Action{What: what}}
	}
	cases := []struct {
		opts   timeline.TextOptions
		entry  timeline.Entry
		want   string
		reason string
	}{
		{timeline.TextOptions{}, at(time.Hour, "x"), "+0.0s   x", "without a start the first entry is it"},
		{timeline.TextOptions{Start: start}, at(1249*time.Millisecond, "x"), "+1.2s   x", "tenths unless told otherwise"},
		{timeline.TextOptions{Start: start}, at(-time.Second, "x"), "-1.0s   x", "before the start"},
		{timeline.TextOptions{Start: start, Round: time.Second}, at(61700*time.Millisecond, "x"), "+62s    x", "whole seconds have no decimals"},
		{timeline.TextOptions{Start: start, Round: time.Millisecond}, at(1249*time.Microsecond, "x"), "+0.001s x", "milliseconds have three"},
		{timeline.TextOptions{Start: start, Round: 250 * time.Millisecond}, at(1249*time.Millisecond, "x"), "+1.2s   x", "as many as the rounding's first digit needs"},
		{timeline.TextOptions{Start: start}, at(123456*time.Second, "x"), "+123456.0s x", "a long time pushes the text away"},
		{timeline.TextOptions{}, at(0, "two\r\nlines\n\n\tand \x1b[31mcolour\xff"), "+0.0s   two / lines /  and [31mcolour?", "one line that a terminal only prints"},
		{timeline.TextOptions{Golden: true, Start: start}, at(time.Second, "x"), "x", "no times in golden files"},
	}
	for _, tc := range cases {
		if got := timeline.NewTranscript(tc.opts).Line(tc.entry); got != tc.want {
			t.Errorf("%q, want %q: %s", got, tc.want, tc.reason)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteTextTellsOfAnError(t *testing.T) {
	err := timeline.WriteText(brokenWriter{}, story(), timeline.TextOptions{})
	if err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("the error is %v, want the writer's", err)
	}
}
