// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
	"github.com/aggtest/aggtest/scenarios/report"
)

const (
	// traffic and logLines bound the evidence to what a person reads.
	traffic  = 20
	logLines = 15
	// logSearched is how much of a kube-apiserver's log is searched for lines
	// about the scenario: what it writes in some minutes at its usual verbosity.
	logSearched = 2000
)

// evidence is what there is to know when a scenario failed, before anything is
// undone.
func (w *world) evidence() []report.Section {
	sections := []report.Section{
		{Title: "APIServices now", Lines: w.conditions()},
		{Title: "what was done", Lines: w.actions()},
		{Title: fmt.Sprintf("connections and requests, the last %d", traffic), Lines: w.traffic()},
	}
	words := w.words()
	for _, apiServer := range w.cluster.APIServers() {
		sections = append(sections, report.Section{
			Title: "log of " + apiServer.Name,
			Lines: about(apiServer.Tail(logSearched), words, w.began),
		})
	}
	if w.cluster.HasControllerManager() {
		sections = append(sections, report.Section{
			Title: "log of kube-controller-manager",
			Lines: about(w.cluster.ControllerManagerTail(logSearched), words, w.began),
		})
	}
	for _, s := range w.allServers() {
		sections = append(sections, report.Section{Title: "log of server " + s.given.Name, Lines: s.harness.Tail(logLines)})
	}
	return slices.DeleteFunc(sections, func(s report.Section) bool { return len(s.Lines) == 0 })
}

// allServers are the servers that run, by name.
func (w *world) allServers() []*server {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*server
	for _, s := range w.servers {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *server) int { return strings.Compare(a.given.Name, b.given.Name) })
	return all
}

func (w *world) apiServiceNames() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.watched)
}

func (w *world) conditions() []string {
	var lines []string
	for _, name := range w.apiServiceNames() {
		for i, apiServer := range w.cluster.APIServers() {
			state := "not there"
			if service := w.cluster.APIService(i, name); service != nil {
				state = conditionText(service)
			}
			lines = append(lines, fmt.Sprintf("%s through %s: %s", name, apiServer.Name, state))
		}
	}
	return lines
}

// actions are what the scenario did, and what became of its APIServices and its
// servers meanwhile.
func (w *world) actions() []string {
	return w.lines(func(fact timeline.Fact) bool {
		switch fact.(type) {
		case timeline.Action, timeline.ConditionChange, timeline.Fault:
			return true
		}
		return false
	})
}

// traffic is what was asked of the servers, not what they asked themselves.
func (w *world) traffic() []string {
	servers := w.allServers()
	lines := w.lines(func(fact timeline.Fact) bool {
		switch fact := fact.(type) {
		case timeline.Dial:
			return !slices.ContainsFunc(servers, func(s *server) bool { return isOn(fact.From, s.harness.Name()) })
		case timeline.Request:
			return true
		}
		return false
	})
	return lines[max(0, len(lines)-traffic):]
}

// lines are those of the story's entries that are wanted.
func (w *world) lines(wanted func(timeline.Fact) bool) []string {
	var lines []string
	for _, entry := range w.story() {
		if wanted(entry.Fact) {
			lines = append(lines, fmt.Sprintf("%+8.3fs  %s", entry.Time.Sub(w.began).Seconds(), entry.Fact))
		}
	}
	return lines
}

// words are those by which a log line is known to be about the scenario.
func (w *world) words() []string {
	words := w.apiServiceNames()
	for _, name := range w.apiServiceNames() {
		if _, group, found := strings.Cut(name, "."); found && group != "" {
			words = append(words, group)
		}
	}
	for _, s := range w.allServers() {
		words = append(words, s.harness.Namespace()+"/"+s.harness.Service(), s.harness.Service()+"."+s.harness.Namespace())
	}
	return words
}

// klogTime is the head of a line of klog: I1122 23:40:00.123456.
var klogTime = regexp.MustCompile(`^[IWEF](\d{4} \d\d:\d\d:\d\d\.\d{6})`)

// about keeps the lines since then that have one of the words, and failing that
// the last of all.
func about(log, words []string, since time.Time) []string {
	var kept []string
	for _, line := range log {
		if head := klogTime.FindStringSubmatch(line); head != nil {
			// klog leaves out the year and writes local time.
			at, err := time.ParseInLocation("2006 0102 15:04:05.000000", fmt.Sprintf("%d %s", since.Year(), head[1]), since.Location())
			if err == nil && at.Before(since.Truncate(time.Microsecond)) {
				continue
			}
		}
		if slices.ContainsFunc(words, func(word string) bool { return strings.Contains(line, word) }) {
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		kept = log
	}
	if len(kept) > logLines {
		kept = kept[len(kept)-logLines:]
	}
	return kept
}
