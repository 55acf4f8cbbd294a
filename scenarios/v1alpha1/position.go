// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a file.
type Position struct {
	// File is the file's name as it was given.
	File string
	// Line and Column count from 1, Column in characters. Both are 0 when the place is not known.
	Line, Column int
}

// String is file:line:column, without what is not known.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	if p.File == "" {
		return fmt.Sprintf("%d:%d", p.Line, p.Column)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Problem is one thing that is wrong with a scenario.
type Problem struct {
	Position
	// Path is the field, such as spec.steps[1].do[0].certificate.fault. Empty
	// when the file is no YAML or the problem is not with one field.
	Path string
	// Message says what was found, what is expected, and what may have been meant.
	Message string

	// inside is where in the field's text the problem is.
	inside offset
	// reference is true when the problem is that a given name is not there.
	reference bool
}

// offset is a place in a text, from 1. The zero offset is the text as a whole.
type offset struct{ line, column int }

// String is file:line:column: path: message.
func (p Problem) String() string {
	var parts []string
	if position := p.Position.String(); position != "" {
		parts = append(parts, position)
	}
	if p.Path != "" {
		parts = append(parts, p.Path)
	}
	return strings.Join(append(parts, p.Message), ": ")
}

// Problems are all that is wrong with one or more files, in order of place.
type Problems []Problem

// Error is the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// sorted is the problems in order of place, each once: the cases of a matrix
// share their mistakes.
func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(p, func(a, b Problem) bool {
		return a.Position == b.Position && a.Path == b.Path && a.Message == b.Message
	})
}
