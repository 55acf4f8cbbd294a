// SPDX-License-Identifier: Apache-2.0

// Package selection finds the scenarios that a command line means: by family, by
// name, by a pattern of either, by the path of a file or folder, and by labels.
//
//	cases, err := catalog.Load()
//	cases, err = selection.Resolve(cases, []string{"tls", "mine.yaml"})
//	cases, err = selection.Filter(cases, "speed!=slow")
//
// A name that means nothing is an error with the nearest name that does.
package selection
