// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// claiming makes a job with a name and claims, written "a: x y", or "a: *" for
// everything.
func claiming(text string) *job {
	name, parts, _ := strings.Cut(text, ":")
	j := &job{scenario: &v1alpha1.Case{}, claims: claims{parts: map[string]bool{}}}
	j.scenario.Metadata.Name = name
	for _, part := range strings.Fields(parts) {
		if part == "*" {
			j.claims.everything = true
			continue
		}
		j.claims.parts[part] = true
	}
	return j
}

func TestSchedule(t *testing.T) {
	tests := []struct {
		name     string
		parallel int
		jobs     []string
		want     string
		reason   string
	}{
		{"disjoint", 2, []string{"a: x", "b: y", "c: z"}, "0s +a +b | 1s -a -b +c | 2s -c",
			"as many run at once as may"},
		{"the same", 4, []string{"a: x", "b: x", "c: x"}, "0s +a | 1s -a +b | 2s -b +c | 3s -c",
			"what claims the same runs in turn, in order"},
		{"overtaking", 4, []string{"a: x", "b: x y", "c: z", "d: y"}, "0s +a +c | 1s -a -c +b | 2s -b +d | 3s -d",
			"c has nothing to do with who waits; d would take what b waits for"},
		{"everything", 4, []string{"a: x", "b: *", "c: y"}, "0s +a | 1s -a +b | 2s -b +c | 3s -c",
			"who claims everything runs alone, and is not starved by those behind"},
		{"one at a time", 1, []string{"a: x", "b: y"}, "0s +a | 1s -a +b | 2s -b",
			"parallel is a bound"},
		{"nothing", 4, nil, "", "no jobs, no waiting"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var jobs []*job
				for _, text := range test.jobs {
					jobs = append(jobs, claiming(text))
				}
				log := newEventLog()
				schedule(t.Context(), jobs, test.parallel, func(j *job) {
					log.add("+" + j.scenario.Metadata.Name)
					time.Sleep(time.Second)
					log.add("-" + j.scenario.Metadata.Name)
				}, func(j *job) { log.add("skip " + j.scenario.Metadata.Name) })
				if got := log.String(); got != test.want {
					t.Errorf("got  %s\nwant %s\n%s", got, test.want, test.reason)
				}
			})
		})
	}
}

func TestScheduleEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		log := newEventLog()
		schedule(ctx, []*job{claiming("a: x"), claiming("b: x"), claiming("c: x")}, 4, func(j *job) {
			log.add("+" + j.scenario.Metadata.Name)
			time.Sleep(time.Second)
			cancel()
			log.add("-" + j.scenario.Metadata.Name)
		}, func(j *job) { log.add("skip " + j.scenario.Metadata.Name) })
		if got, want := log.String(), "0s +a | 1s -a skip b skip c"; got != want {
			t.Errorf("got %s, want %s: none begins after the end, and each is accounted for", got, want)
		}
	})
}

// eventLog groups what happened at the same moment, in the order of names: jobs
// that begin together do so in any order.
type eventLog struct {
	mu     sync.Mutex
	began  time.Time
	at     []time.Duration
	events map[time.Duration][]string
}

func newEventLog() *eventLog {
	return &eventLog{began: time.Now(), events: map[time.Duration][]string{}}
}

func (l *eventLog) add(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.began)
	if _, known := l.events[now]; !known {
		l.at = append(l.at, now)
	}
	l.events[now] = append(l.events[now], what)
}

func (l *eventLog) String() string {
	var moments []string
	for _, at := range l.at {
		moments = append(moments, fmt.Sprint(at, " ", strings.Join(inOrder(l.events[at]), " ")))
	}
	return strings.Join(moments, " | ")
}

// inOrder puts ends before beginnings before skips, each by name.
func inOrder(events []string) []string {
	var ordered []string
	for _, prefix := range []string{"-", "+", "skip"} {
		for _, name := range []string{"a", "b", "c", "d"} {
			for _, event := range events {
				if strings.HasPrefix(event, prefix) && strings.HasSuffix(event, name) {
					ordered = append(ordered, event)
				}
			}
		}
	}
	return ordered
}
