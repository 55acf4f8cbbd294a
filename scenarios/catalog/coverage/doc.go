// SPDX-License-Identifier: Apache-2.0

// Package coverage says which behaviours of the aggregation layer the catalogue
// shows, and why not the others.
//
// The behaviours stand in behaviours.yaml.txt; scenarios name them in
// spec.covers. [Check] finds what is named and unknown, and what is neither
// covered nor has a reason. [Markdown] makes docs/coverage.md:
//
//	go test ./scenarios/catalog/coverage -update
package coverage
