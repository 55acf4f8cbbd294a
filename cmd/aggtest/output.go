// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// format is the value of -o. Empty is the form for people.
type format struct {
	value string
	known []string
}

// addFormat gives a verb the flag -o with the formats that it knows.
func addFormat(cmd *cobra.Command, known ...string) *format {
	f := &format{known: known}
	cmd.Flags().VarP(f, "output", "o", "form of the output: "+strings.Join(known, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
	return f
}

func (f *format) String() string { return f.value }

// Type is what the help calls the value.
func (f *format) Type() string { return "format" }

func (f *format) Set(value string) error {
	if !slices.Contains(f.known, value) {
		return fmt.Errorf("want one of %s", strings.Join(f.known, ", "))
	}
	f.value = value
	return nil
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// writeTable aligns the columns of rows; the first is the heading.
func writeTable(w io.Writer, rows [][]string) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}
