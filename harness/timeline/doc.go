// SPDX-License-Identifier: Apache-2.0

// Package timeline is the append-only record of what happened in a run, on one clock.
//
// Everything that aggtest does or sees becomes a [Fact] on a [Timeline]: a
// condition of an APIService that changed, a dial that a kube-apiserver made, a
// fault that was put on, an expectation that held or did not. Reports, evidence
// and golden transcripts are drawings of it.
//
// The set of facts is closed: [ConditionChange], [Dial], [Hangup], [Request],
// [Fault], [Action], [Expectation], [Process] and [Interval]. A caller that wants one kind
// asks for it by type:
//
//	refused := 0
//	for _, entry := range timeline.Of[timeline.Dial](tl, since) {
//		if entry.Fact.Err != "" {
//			refused++
//		}
//	}
//
// [WriteText] and [Transcript] write entries for people, or so that they are the
// same in each run, for golden files. An [Entry] is written as JSON and read back
// with everything that is in it.
//
// A [Timeline] is safe for use by several goroutines, and a nil *Timeline
// discards what is recorded, so that a part which may write to one need not ask
// whether there is one.
package timeline
