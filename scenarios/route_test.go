// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aggtest/aggtest/scenarios/internal/expression"
)

func TestSummary(t *testing.T) {
	good, bad := expression.Response{Code: 200}, expression.Response{Code: 503}
	silent := expression.Response{Error: "no answer"}
	type event struct {
		after    time.Duration
		response expression.Response
	}
	second := time.Second
	tests := []struct {
		reason string
		events []event
		// window is how far back from the end is looked, and rest how long after the
		// last answer.
		window, rest       time.Duration
		sent, good, failed int
		gap                time.Duration
	}{
		{reason: "nothing was answered yet: the gap is all the time there was", window: 10 * second, rest: 2 * second, gap: 2 * second},
		{
			reason: "each answer is good", window: 10 * second,
			events: []event{{second, good}, {second, good}, {second, good}},
			sent:   3, good: 3, gap: second,
		},
		{
			reason: "an outage between good answers", window: time.Minute,
			events: []event{{second, good}, {second, bad}, {second, silent}, {second, good}},
			sent:   4, good: 2, failed: 2, gap: 3 * second,
		},
		{
			reason: "an outage that lasts", window: time.Minute, rest: 4 * second,
			events: []event{{second, good}, {second, bad}},
			sent:   2, good: 1, failed: 1, gap: 5 * second,
		},
		{
			reason: "what was before the window does not count", window: 2 * second,
			events: []event{{second, bad}, {second, bad}, {second, good}, {second, good}},
			sent:   3, good: 2, failed: 1, gap: second,
		},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &route{client: &client{apiServer: "kube-apiserver-0"}, began: time.Now()}
				for _, e := range test.events {
					time.Sleep(e.after)
					r.note(e.response)
				}
				time.Sleep(test.rest)
				got := r.summary(time.Now().Add(-test.window))
				if got.Sent != test.sent || got.Good != test.good || got.Failed != test.failed || got.LongestGap != test.gap {
					t.Errorf("got %d sent, %d good, %d failed, gap %s; want %d, %d, %d, %s",
						got.Sent, got.Good, got.Failed, got.LongestGap, test.sent, test.good, test.failed, test.gap)
				}
			})
		})
	}
}

func TestIsWatch(t *testing.T) {
	for path, want := range map[string]bool{
		"/apis/g/v1/things?watch=true":                        true,
		"/apis/g/v1/things?allowWatchBookmarks=true&watch=1":  true,
		"/apis/g/v1/things":                                   false,
		"/apis/g/v1/things?watch=false":                       false,
		"/apis/g/v1/watchers?fieldSelector=metadata.name%3Dx": false,
		"%zz": false,
	} {
		if got := isWatch(path); got != want {
			t.Errorf("isWatch(%q) = %t, want %t", path, got, want)
		}
	}
}
