// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the format of scenario files: its types, how a file is
// loaded and checked, its JSON schema and its descriptions.
//
// A scenario says what is given, what is done, and what must hold:
//
//	apiVersion: aggtest.dev/v1alpha1
//	kind: Scenario
//	metadata:
//	  name: serving-certificate
//	  labels: {family: tls}
//	spec:
//	  description: A bad serving certificate makes the APIService unavailable, and a good one mends it.
//	  references: ["kubernetes/kubernetes#135883"]
//	  requires: {kubernetes: ">=1.36"}
//	  matrix:
//	  - {name: expired, values: {fault: Expired, message: certificate has expired}}
//	  - {name: wrong-name, values: {fault: WrongName, message: not custom-api.custom-system.svc}}
//	  given:
//	    servers:
//	    - name: custom-api
//	      serves: [{group: custom.example.com, version: v1, kind: MyResource, resource: myresources}]
//	    apiServices:
//	    - {server: custom-api, group: custom.example.com, version: v1}
//	  steps:
//	  - name: healthy
//	    expect:
//	    - serves: custom.example.com/v1
//	      within: 10s
//	  - name: the certificate goes bad
//	    do:
//	    - certificate: {server: custom-api, fault: "${matrix.fault}"}
//	    - cut: {server: custom-api}
//	    expect:
//	    - apiService: v1.custom.example.com
//	      matches: {conditions: {Available: {status: "False", reason: FailedDiscoveryCheck}}}
//	      that: condition.message.contains('${matrix.message}')
//	      within: 40s
//	    - request: {get: /apis/custom.example.com/v1/myresources}
//	      that: response.code == 503
//	      within: 40s
//	  - name: a good one again
//	    do:
//	    - mend: {server: custom-api}
//	    - touch: {apiService: v1.custom.example.com}
//	    expect:
//	    - serves: custom.example.com/v1
//	      within: 10s
//
// # Files
//
// A file holds one scenario or several, with --- between them. The family of a
// scenario is its label family, else the name of the folder that the file is in;
// its full name is family/name, and no two are alike. [Explain] says what each
// field means, and [Schema] is for editors.
//
// # Actions
//
// An item of do has exactly one verb. Objects: apply, patch, delete, register,
// caBundle, endpoints, touch. A server: certificate, tls, rotate, answer,
// discovery, and mend, which takes all its faults off. The links to it: link, and
// for short cut and refuse. Kube-apiservers: stop, start, restart, pause, resume,
// frontProxy. Requests: request, kubectl, and traffic, which goes on in the
// background. Actions run in order, and the scenario undoes what they did when it
// ends.
//
// # Expectations
//
// An item of expect has exactly one subject, at most two assertions, and says
// when they must hold:
//
//	subject      matches        that sees             without either
//	serves       -              -                     every kube-apiserver gets an answer from the server
//	apiService   the object     apiService,condition  (refused)
//	changes      -              changes               (refused)
//	object       the object     object                (refused)
//	request      response.json  response              the answer is 2xx
//	traffic      -              traffic               (refused)
//	kubectl      -              kubectl               the exit code is 0
//	discovery    -              discovery             (refused)
//	dials        -              dials                 (refused)
//	requests     -              requests              (refused)
//	interval     -              interval              (refused)
//
// An apiService or object can also be absent: true. within is how long it may
// take to become so, for is how long it must then stay so; with neither it must
// be so at once. record measures how long it took, since the step began or
// another that since names; a later expectation can look at the interval.
//
// matches is a part of an object. A map is matched by a part of it, null says
// that a field must be absent, numbers are compared by value, and lists of maps
// are matched by type, name or key where all items wanted have it; other lists
// must be the same in length and order. conditions may be written as a map by
// type, and at the top it stands for status.conditions.
//
// that is a CEL expression. Its variables have types, so that a misspelt field is
// found when the file is loaded:
//
//	apiService  any fields
//	condition   type, status, reason, message, lastTransitionTime: the condition Available, empty when there is none
//	object      any fields
//	response    code, body, json, headers (names in lower case), contentType, apiServer, error, took
//	changes     []: apiServer, status, reason, message: what a watch showed since the step began
//	traffic     apiServer, sent, good, failed, codes, errorShare, longestGap, last (as response), open, openFor, events
//	kubectl     stdout, stderr, exitCode
//	discovery   groups[]: name, preferredVersion, versions[]: version, freshness, resources[]
//	dials       []: from, address, to, error, open, ended, lasted
//	requests    []: server, method, path, query, user, groups, headers, clientCertificate, protocol, code, took
//	interval    a duration
//
// # Matrix
//
// Each row of matrix makes a scenario of its own, whose name is that of the file
// and that of the row with a dash between. ${matrix.KEY} stands for the row's
// value in every string of spec, and may be all of a number, a bool or a word of
// a closed set too. Any other ${...} is refused; $${...} writes one as it is.
//
// # YAML
//
// The format is a part of YAML that all readers agree on. Anchors, aliases, merge
// keys, tags, keys written twice, numbers that are not decimal, and yes, no, on
// and off as bools are refused, each with its place. Durations are strings with a
// unit. Nothing is silently dropped or turned into something else.
//
// # Mistakes
//
// [Load] finds all mistakes of all files at once, in order of place, as
// [Problems]. Each says where it is, what was found, what is expected, and which
// name may have been meant.
package v1alpha1

//go:generate go run ./internal/describe/generate
