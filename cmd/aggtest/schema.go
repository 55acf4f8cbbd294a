// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of scenario files",
		Long: `Print the JSON schema of scenario files, with which an editor completes and
checks them while you write. aggtest validate checks more than a schema can say.`,
		Example: `  aggtest schema > aggtest.schema.json
  # then, as the first line of a scenario file:
  # yaml-language-server: $schema=aggtest.schema.json

  aggtest schema | jq '.definitions | keys'`,
		GroupID: groupScenarios,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(v1alpha1.Schema())
			return err
		},
	}
}
