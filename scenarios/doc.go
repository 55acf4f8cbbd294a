// SPDX-License-Identifier: Apache-2.0

// Package scenarios runs scenarios against a real kube-apiserver and reports what
// became of them.
//
// A scenario is a YAML file, described in package v1alpha1: what is given, steps
// that do something, and what must then hold. [Run] takes a list of them:
//
//	cases, err := v1alpha1.Load("testdata/outages")
//	...
//	report, err := scenarios.Run(ctx, cases, scenarios.Options{})
//
// # Where a scenario runs
//
// One control plane is booted for all scenarios that ask for none of their own.
// They run on it side by side as far as they do not get in each other's way: each
// claims the namespaces, the servers, the API groups and the objects outside
// namespaces that its file names, and two run at the same time only when they
// claim nothing in common. One that says exclusive, or looks at all dials, claims
// everything. Scenarios with given.controlPlane get control planes of their own,
// one at a time; those that ask for the same one share it, one after another.
//
// # The course of a scenario
//
// What is given is made in this order: namespaces, objects, servers (side by
// side), APIServices. Then the steps follow. The actions of a step run in order;
// then all its expectations are watched at once, so that each one's time counts
// from the same moment. The first step that does not hold ends the scenario. In
// the first step, what is said of dials and requests concerns those since the
// scenario began, for the aggregator may have been faster than the step.
//
// Everything that a scenario does leaves behind what undoes it, and all of that
// is undone in reverse, whether it passed, failed, panicked or was interrupted.
// Undoing has a minute of its own. What cannot be undone makes the scenario fail.
//
// What kubectl and requests create is not undone one by one: it goes with the
// scenario's namespaces and servers.
//
// # When an expectation holds
//
//	neither       the first look must hold
//	within        some look must hold before the time is over
//	for           every look must hold, from the first to the end of the time
//	within, for   some look must hold before the time is over, and every later
//	              one until it held for that long
//
// What is missing, not found, refused or answered with 5xx may come, so it is
// waited for. What cannot come by waiting fails at once: an expression that cannot
// be answered, or a request of the scenario's own that is answered with 400 or 422
// though the expectation does not ask for that. An expectation through several
// kube-apiservers holds when it does through each.
//
// When one expectation of a step fails, the others are given up.
//
// # What a failure shows
//
// The failed expectation says what was expected, until when, what was seen last,
// for how long and through which kube-apiserver, and where it stands in the file.
// The evidence adds the condition of each APIService that the scenario made or
// looked at, what was done and what became of it on one clock, the last
// connections and requests, and the ends of the logs. [Options].Keep holds a failed
// scenario in place, to look at it.
//
// # Scenarios that show nothing
//
// [WithoutEachFault] takes the faults out of a scenario one by one. One that
// passes without a fault does not show what it says; a test should run all
// variants and see each fail.
//
// # Without scenarios
//
// [Install] puts what is given on a cluster and leaves it there, for tests in Go
// and for looking around.
package scenarios
