// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/aggtest/aggtest/scenarios/internal/spelling"
)

// checker walks a YAML document along the Go types, and turns it into what
// encoding/json reads: maps, lists and scalars. What does not fit becomes a
// problem and is left out, so that the rest can be decoded and validated too.
type checker struct {
	source   source
	values   *substitution
	places   map[string]*yaml.Node
	problems Problems
	// broken are the paths of what was left out.
	broken []string
	// replaced are the paths of the texts that are not as they are written.
	replaced map[string]bool
}

func newChecker(s source, values *substitution) *checker {
	return &checker{source: s, values: values, places: map[string]*yaml.Node{}, replaced: map[string]bool{}}
}

func (c *checker) problem(path string, at *yaml.Node, inside offset, format string, args ...any) {
	c.problems = append(c.problems, Problem{
		Position: c.source.position(at, inside),
		Path:     path,
		Message:  fmt.Sprintf(format, args...),
	})
	c.broken = append(c.broken, path)
}

// value turns a node into a value of a type. It is false when it does not fit.
func (c *checker) value(path string, node *yaml.Node, t reflect.Type) (any, bool) {
	if _, known := c.places[path]; !known || node.Kind == yaml.ScalarNode {
		c.places[path] = node
	}
	if !c.plain(path, node) {
		return nil, false
	}
	f, t := formOf(t), valueType(t)
	if f == formObject && t.Kind() != reflect.Map {
		return c.anything(path, node)
	}
	switch f {
	case formStruct:
		return c.structure(path, node, t)
	case formList:
		return c.list(path, node, t.Elem())
	case formMap, formObject:
		return c.mapping(path, node, t)
	default:
		return c.scalar(path, node, t, f)
	}
}

// plain refuses what this format leaves out of YAML.
func (c *checker) plain(path string, node *yaml.Node) bool {
	switch {
	case node.Kind == yaml.AliasNode:
		c.problem(path, node, offset{}, "*%s: aliases are not supported: write it out, or use a matrix", node.Value)
	case node.Anchor != "":
		c.problem(path, node, offset{}, "&%s: anchors are not supported: write it out, or use a matrix", node.Anchor)
	case node.Style&yaml.TaggedStyle != 0:
		c.problem(path, node, offset{}, "%s: tags are not supported", node.Tag)
	default:
		return true
	}
	return false
}

// want adds a problem for a node that is something else than what is wanted,
// with what to do about it.
func (c *checker) want(path string, node *yaml.Node, wanted, help string) {
	if help != "" {
		help = ": " + help
	}
	c.problem(path, node, offset{}, "found %s where %s is wanted%s", found(node), wanted, help)
}

// emptyHelp is for a key with nothing after it.
func emptyHelp(node *yaml.Node, empty string) string {
	if node.ShortTag() == "!!null" {
		return "write " + empty + " for an empty one"
	}
	return ""
}

// found says what a node is, with its text when that is short.
func found(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	text := node.Value
	if runes := []rune(text); len(runes) > 40 {
		text = string(runes[:40]) + "…"
	}
	switch node.ShortTag() {
	case "!!null":
		return "no value"
	case "!!int", "!!float":
		return "the number " + text
	case "!!bool":
		return "the bool " + text
	}
	return fmt.Sprintf("the string %q", text)
}

// pair is one key of a map with its value.
type pair struct {
	name       string
	key, value *yaml.Node
}

// pairs are the keys of a map in order, without those that cannot be used.
func (c *checker) pairs(path string, node *yaml.Node) []pair {
	var out []pair
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.ShortTag() == "!!merge":
			c.problem(path, key, offset{}, "<<: merge keys are not supported: write it out, or use a matrix")
			continue
		case !c.plain(path, key):
			continue
		case key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" && key.ShortTag() != "!!timestamp":
			c.want(path, key, "a key that is a string", "put it in quotes")
			continue
		}
		here := fieldPath(path, key.Value)
		if before, ok := first[key.Value]; ok {
			c.problem(here, key, offset{}, "written twice: it is already in line %d", before.Line)
			continue
		}
		if strings.Contains(key.Value, "${matrix.") {
			c.problem(here, key, offset{}, "values of the matrix are not replaced in keys")
			continue
		}
		first[key.Value] = key
		c.places[here] = key
		out = append(out, pair{key.Value, key, value})
	}
	return out
}

func (c *checker) structure(path string, node *yaml.Node, t reflect.Type) (any, bool) {
	if node.Kind != yaml.MappingNode {
		c.want(path, node, "a map", emptyHelp(node, "{}"))
		return nil, false
	}
	fields := fieldsOf(t)
	out, written := map[string]any{}, map[string]bool{}
	for _, p := range c.pairs(path, node) {
		here := fieldPath(path, p.name)
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == p.name })
		if i < 0 {
			names := fieldNames(fields)
			c.problem(here, p.key, offset{}, "unknown field%s (known here: %s)",
				spelling.DidYouMean(p.name, names), strings.Join(names, ", "))
			continue
		}
		written[p.name] = true
		if value, ok := c.value(here, p.value, fields[i].goType); ok {
			out[p.name] = value
		}
	}
	for _, f := range fields {
		if f.required && !written[f.name] {
			c.problem(fieldPath(path, f.name), node, offset{}, "is missing: %s", firstSentence(f.description()))
		}
	}
	return out, true
}

func firstSentence(text string) string {
	sentence, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(sentence, ".")
}

func (c *checker) list(path string, node *yaml.Node, element reflect.Type) (any, bool) {
	if node.Kind != yaml.SequenceNode {
		c.want(path, node, "a list", emptyHelp(node, "[]"))
		return nil, false
	}
	out := make([]any, 0, len(node.Content))
	for i, item := range node.Content {
		value, ok := c.value(itemPath(path, i), item, element)
		if !ok {
			// An item that was left out must not move those after it.
			value = reflect.Zero(element).Interface()
			if element.Kind() == reflect.Struct {
				value = map[string]any{}
			}
		}
		out = append(out, value)
	}
	return out, true
}

func (c *checker) mapping(path string, node *yaml.Node, t reflect.Type) (any, bool) {
	if node.Kind != yaml.MappingNode {
		c.want(path, node, "a map", emptyHelp(node, "{}"))
		return nil, false
	}
	out := map[string]any{}
	for _, p := range c.pairs(path, node) {
		if value, ok := c.value(fieldPath(path, p.name), p.value, t.Elem()); ok {
			out[p.name] = value
		}
	}
	return out, true
}
