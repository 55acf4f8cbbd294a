// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"slices"
	"strings"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

// note puts a fact on the timeline, and remembers that it is this scenario's: the
// timeline is shared by all that run on the control plane. In the scenario's story
// it stands where it began, before what followed from it.
func (w *world) note(began time.Time, fact timeline.Fact) {
	w.cluster.Timeline().Record(fact)
	first := w.cluster.Timeline().Between(0, 1)[0]
	entry := timeline.Entry{Time: began, At: began.Sub(first.Time), Fact: fact}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noted = append(w.noted, entry)
}

// story is what happened since the scenario began that concerns it, in order:
// what it did and expected, and what became of its APIServices, its servers and,
// when the control plane is its own, of the processes.
func (w *world) story() []timeline.Entry {
	w.mu.Lock()
	story := slices.Clone(w.noted)
	w.mu.Unlock()
	servers, names := w.allServers(), w.apiServiceNames()
	for _, entry := range w.cluster.Timeline().Since(w.mark) {
		if w.concerns(entry.Fact, servers, names) {
			story = append(story, entry)
		}
	}
	slices.SortStableFunc(story, func(a, b timeline.Entry) int { return a.Time.Compare(b.Time) })
	return story
}

// concerns tells whether a fact that somebody else recorded is about the
// scenario.
func (w *world) concerns(fact timeline.Fact, servers []*server, names []string) bool {
	of := func(is func(*server) bool) bool { return slices.ContainsFunc(servers, is) }
	switch fact := fact.(type) {
	case timeline.ConditionChange:
		return slices.Contains(names, fact.APIService)
	case timeline.Fault:
		return w.exclusive && strings.HasPrefix(fact.On, "kube-apiserver-") && !strings.Contains(fact.On, " ") ||
			of(func(s *server) bool { return isOn(fact.On, s.harness.Name()) })
	case timeline.Dial:
		return of(func(s *server) bool { return s.wasDialed(fact) || isOn(fact.From, s.harness.Name()) })
	case timeline.Hangup:
		return of(func(s *server) bool { return isOn(fact.To, s.harness.Name()) || isOn(fact.From, s.harness.Name()) })
	case timeline.Request:
		return of(func(s *server) bool { return s.answered(fact) })
	case timeline.Process:
		return w.exclusive
	}
	return false
}

// isOn tells whether a fault or an end of a connection is the server, one of its
// replicas, which the timeline calls server/index, or a link that has it at one
// end: kube-apiserver-0 to server.
func isOn(on, server string) bool {
	return slices.ContainsFunc(strings.Fields(on), func(word string) bool {
		return word == server || strings.HasPrefix(word, server+"/")
	})
}
