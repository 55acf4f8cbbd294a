// SPDX-License-Identifier: Apache-2.0

// Package expression holds the two forms of assertion of a scenario: that, a CEL
// expression, and matches, a part of an object.
//
// An expression is compiled for a [Subject], which declares its variables with
// their types, so that a misspelt field is an error when the file is loaded:
//
//	subject      variables
//	apiService   apiService (any fields), condition{type, status, reason, message, lastTransitionTime}
//	object       object (any fields)
//	request      response{code, body, json, headers, contentType, apiServer, error, took}
//	kubectl      kubectl{stdout, stderr, exitCode}
//	discovery    discovery{groups[]{name, preferredVersion, versions[]{version, freshness, resources[]}}}
//	dials        dials[]{from, address, to, error, open, ended, lasted}
//	requests     requests[]{server, method, path, query, user, groups[], headers, clientCertificate, protocol, code, took}
//	changes      changes[]{apiServer, status, reason, message}
//	traffic      traffic{apiServer, sent, good, failed, codes, errorShare, longestGap, last{response}, open, openFor, events}
//	interval     interval (a duration)
//
// Beside standard CEL there are optional values (?. and orValue), cel.bind, the
// extensions strings, lists, sets, math and two-variable comprehensions, and
// Kubernetes' own libraries: quantity, url, ip, cidr, regex, format, semver and
// lists. Times are UTC.
//
// [Program.Eval] tells three outcomes apart: the expression held or did not,
// with the values that decided it; it is [NotYet] to be answered, since
// something that it reads is not there; or it never will be.
//
// [Match] compares the part of an object that is wanted with the whole.
package expression
