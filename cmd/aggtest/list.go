// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aggtest/aggtest/scenarios/selection"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func newList() *cobra.Command {
	var selector string
	cmd := &cobra.Command{
		Use:   "list [PATTERN | PATH]...",
		Short: "List scenarios",
		Long: `List the scenarios of the catalogue, or those that the arguments name: a family,
a family/name, a pattern of one such as '*/stale-*', or the path of a file or a
folder. Nothing is started.

A scenario with a matrix is listed once for each row.`,
		Example: `  aggtest list tls
  aggtest list ./my-scenarios -o json`,
		GroupID:           groupScenarios,
		ValidArgsFunction: completeScenarios,
	}
	form := addFormat(cmd, "json", "name", "wide")
	cmd.Flags().StringVarP(&selector, "selector", "l", "", "list only the scenarios with these labels: key=value, key!=value, several with commas")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cases, err := resolve(args)
		if err != nil {
			return err
		}
		if cases, err = selection.Filter(cases, selector); err != nil {
			return inputError(err)
		}
		return list(cmd, form.value, cases)
	}
	return cmd
}

// listed is a scenario as list -o json shows it.
type listed struct {
	Name        string            `json:"name"`
	Family      string            `json:"family,omitempty"`
	Labels      map[string]string `json:"labels"`
	Description string            `json:"description"`
	References  []string          `json:"references,omitempty"`
	Kubernetes  string            `json:"kubernetes,omitempty"`
	Skip        string            `json:"skip,omitempty"`
	File        string            `json:"file"`
}

func listedOf(c *v1alpha1.Case) listed {
	l := listed{
		Name: c.Metadata.Name, Family: c.Family, Labels: selection.Labels(c),
		Description: oneLine(c.Spec.Description), References: c.Spec.References, File: c.File,
	}
	if c.Spec.Requires != nil {
		l.Kubernetes = c.Spec.Requires.Kubernetes
	}
	if c.Spec.Skip != nil {
		l.Skip = c.Spec.Skip.Reason
	}
	return l
}

func list(cmd *cobra.Command, form string, cases []*v1alpha1.Case) error {
	out := cmd.OutOrStdout()
	switch form {
	case "json":
		all := make([]listed, len(cases))
		for i, c := range cases {
			all[i] = listedOf(c)
		}
		return writeJSON(out, all)
	case "name":
		for _, c := range cases {
			fmt.Fprintln(out, c.FullName())
		}
		return nil
	}
	if len(cases) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "no scenario has these labels")
		return nil
	}
	heading := []string{"NAME", "DESCRIPTION"}
	if form == "wide" {
		heading = []string{"NAME", "LABELS", "KUBERNETES", "FILE", "DESCRIPTION"}
	}
	rows := [][]string{heading}
	for _, c := range cases {
		l := listedOf(c)
		row := []string{c.FullName(), firstSentence(l.Description)}
		if form == "wide" {
			row = []string{c.FullName(), joinLabels(l.Labels), cmp.Or(l.Kubernetes, "any"), l.File, l.Description}
		}
		rows = append(rows, row)
	}
	return writeTable(out, rows)
}

// oneLine joins what YAML has folded.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func firstSentence(text string) string {
	sentence, _, more := strings.Cut(text, ". ")
	if more {
		sentence += "."
	}
	return sentence
}

func joinLabels(labels map[string]string) string {
	pairs := make([]string, 0, len(labels))
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, key+"="+labels[key])
	}
	return strings.Join(pairs, ",")
}
