// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func newExplain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [FIELD]",
		Short: "Say what a field of a scenario file means",
		Long: `Say what a field of a scenario file means, its type, its default and the fields
below it. A field is named by its path, without the numbers of list items:
spec.steps.expect.within. Without one, the file itself is explained.`,
		Example: `  aggtest explain spec.steps.expect
  aggtest explain spec.given.servers.certificate`,
		GroupID:           groupScenarios,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeFields,
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := v1alpha1.Explain(strings.Join(args, ""))
			if err != nil {
				return inputError(err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), strings.TrimRight(text, "\n"))
			return nil
		},
	}
}

// completeFields offers the fields below the one that is typed already.
func completeFields(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	if len(args) > 0 {
		return nil, directive
	}
	var root schemaNode
	if json.Unmarshal(v1alpha1.Schema(), &root) != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	path := strings.Split(typed, ".")
	prefix, node := "", root.target(&root)
	for _, name := range path[:len(path)-1] {
		child := node.Properties[name]
		if child == nil {
			return nil, directive
		}
		prefix, node = prefix+name+".", child.target(&root)
	}
	var offered []string
	for _, name := range slices.Sorted(maps.Keys(node.Properties)) {
		if strings.HasPrefix(name, path[len(path)-1]) {
			offered = append(offered, prefix+name)
		}
	}
	return offered, directive
}

// schemaNode is as much of a JSON schema as fields need.
type schemaNode struct {
	Ref         string                 `json:"$ref"`
	Properties  map[string]*schemaNode `json:"properties"`
	Items       *schemaNode            `json:"items"`
	AllOf       []*schemaNode          `json:"allOf"`
	AnyOf       []*schemaNode          `json:"anyOf"`
	Definitions map[string]*schemaNode `json:"definitions"`
}

// target goes through references, lists and choices to what has the fields.
func (n *schemaNode) target(root *schemaNode) *schemaNode {
	switch {
	case n == nil:
		return &schemaNode{}
	case n.Ref != "":
		return root.Definitions[n.Ref[strings.LastIndex(n.Ref, "/")+1:]].target(root)
	case n.Items != nil:
		return n.Items.target(root)
	}
	for _, choice := range slices.Concat(n.AllOf, n.AnyOf) {
		if found := choice.target(root); found.Properties != nil {
			return found
		}
	}
	return n
}
