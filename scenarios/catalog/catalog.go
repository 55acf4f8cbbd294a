// SPDX-License-Identifier: Apache-2.0

// Package catalog holds the scenarios that aggtest brings along, a folder a
// family: registration, priority, tls and discovery.
//
// They are files as a user would write them; [FS] has them as they are, and
// [Load] has them checked and with their matrices expanded:
//
//	cases, err := catalog.Load()
//	report, err := scenarios.Run(ctx, cases, scenarios.Options{})
package catalog

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

//go:embed */*.yaml
var files embed.FS

// FS has the scenario files, at family/name.yaml.
func FS() fs.FS { return files }

// Load returns every scenario of the catalogue, by family and name.
func Load() ([]*v1alpha1.Case, error) {
	cases, err := v1alpha1.LoadFS(files, ".")
	if err != nil {
		return nil, fmt.Errorf("load the catalogue: %w", err)
	}
	return cases, nil
}
