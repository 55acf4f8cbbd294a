// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func newValidate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate PATH...",
		Short: "Check scenario files",
		Long: `Check scenario files, and the files of folders, without starting anything. Every
problem of every file is printed, a line each, with its place as
file:line:column.

Exit status: 0 all files are right, 2 they are not.`,
		Example: `  aggtest validate my-scenario.yaml
  aggtest validate ./my-scenarios -o json`,
		GroupID: groupScenarios,
		Args:    cobra.MinimumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	form := addFormat(cmd, "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return validate(cmd, form.value, args) }
	return cmd
}

// validated is the outcome as validate -o json shows it.
type validated struct {
	Files     int       `json:"files"`
	Scenarios int       `json:"scenarios"`
	Problems  []problem `json:"problems"`
}

type problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
}

func validate(cmd *cobra.Command, form string, paths []string) error {
	result := validated{Problems: []problem{}}
	var found v1alpha1.Problems
	files := map[string]bool{}
	for _, path := range paths {
		cases, err := v1alpha1.Load(path)
		var problems v1alpha1.Problems
		if err != nil && !errors.As(err, &problems) {
			return inputError(err)
		}
		found = append(found, problems...)
		for _, c := range cases {
			files[c.File] = true
		}
		result.Scenarios += len(cases)
	}
	result.Files = len(files)
	if form == "json" {
		for _, p := range found {
			result.Problems = append(result.Problems, problem{File: p.File, Line: p.Line, Column: p.Column, Path: p.Path, Message: p.Message})
		}
		if err := writeJSON(cmd.OutOrStdout(), result); err != nil {
			return err
		}
		if len(found) > 0 {
			return inputError(nil)
		}
		return nil
	}
	for _, p := range found {
		fmt.Fprintln(cmd.ErrOrStderr(), p)
	}
	if len(found) > 0 {
		return inputError(fmt.Errorf("%s", plural(len(found), "problem")))
	}
	verb := "are"
	if result.Scenarios == 1 {
		verb = "is"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s in %s %s right\n", plural(result.Scenarios, "scenario"), plural(result.Files, "file"), verb)
	return nil
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
