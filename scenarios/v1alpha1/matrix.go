// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/aggtest/aggtest/scenarios/internal/spelling"
)

// substitution replaces ${matrix.KEY} in the strings of one case.
type substitution struct {
	// rows are all of the matrix, and row is the one of this case. Nil when the
	// scenario has no matrix.
	rows []MatrixRow
	row  *MatrixRow
	// used are the keys that were asked for, over all cases.
	used map[string]bool
	// off leaves every string as it is: the matrix itself is broken.
	off bool
}

// reference is ${...}, or $${...}, which stands for the text ${...}.
var reference = regexp.MustCompile(`\$?\$\{[^{}]*\}`)

// substitute is a node's text with the values of the matrix in it. Only spec has
// references; they are put in before the text is given its type.
func (c *checker) substitute(path string, node *yaml.Node) (string, bool) {
	if c.values == nil || c.values.off || !isBelow(path, "spec") || isBelow(path, "spec.matrix") {
		return node.Value, true
	}
	ok := true
	text := reference.ReplaceAllStringFunc(node.Value, func(found string) string {
		if strings.HasPrefix(found, "$$") {
			return found[1:]
		}
		value, message := c.values.lookup(found[2 : len(found)-1])
		if message != "" {
			c.problem(path, node, offsetOf(node.Value, found), "%s: %s", found, message)
			ok = false
		}
		return value
	})
	c.replaced[path] = text != node.Value
	return text, ok
}

// lookup is the value of a reference, or what is wrong with it.
func (s *substitution) lookup(name string) (value, message string) {
	const escape = "to write it as it is, begin with $${"
	key, ok := strings.CutPrefix(name, "matrix.")
	switch {
	case !ok:
		return "", "only ${matrix.KEY} is replaced: " + escape
	case s.row == nil:
		return "", "the scenario has no matrix: " + escape
	}
	s.used[key] = true
	if value, ok = s.row.Values[key]; ok {
		return value, ""
	}
	known := map[string]bool{}
	for _, row := range s.rows {
		for k := range row.Values {
			known[k] = true
		}
	}
	if known[key] {
		return "", fmt.Sprintf("the row %s has no value %s", s.row.Name, key)
	}
	keys := slices.Sorted(maps.Keys(known))
	return "", fmt.Sprintf("no row has a value %s%s (there are %s)",
		key, spelling.DidYouMean(key, keys), strings.Join(keys, ", "))
}

// offsetOf is where a part of a text begins.
func offsetOf(text, part string) offset {
	before, _, _ := strings.Cut(text, part)
	line := strings.Count(before, "\n") + 1
	return offset{line: line, column: len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1}
}
