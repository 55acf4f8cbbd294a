// SPDX-License-Identifier: Apache-2.0

// The command generate writes the descriptions of the package in the current
// folder. It is what go generate calls.
package main

import (
	"fmt"
	"os"

	"github.com/aggtest/aggtest/scenarios/v1alpha1/internal/describe"
)

func main() {
	source, err := describe.Generate(".")
	if err == nil {
		err = os.WriteFile(describe.File, source, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
