// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var anyMap = reflect.TypeFor[map[string]any]()

// anything turns a node into a value where any YAML may stand: a manifest, a
// part of an object, a body.
func (c *checker) anything(path string, node *yaml.Node) (any, bool) {
	switch node.Kind {
	case yaml.MappingNode:
		return c.mapping(path, node, anyMap)
	case yaml.SequenceNode:
		return c.list(path, node, anyMap.Elem())
	}
	switch node.ShortTag() {
	case "!!null":
		return nil, true
	case "!!str", "!!timestamp":
		if node.Style == 0 && isOldBool(node.Value) {
			c.problem(path, node, offset{},
				"%s is a bool to some readers of YAML and a string to others: write true or false, or put it in quotes", node.Value)
			return nil, false
		}
		return c.substitute(path, node)
	case "!!bool":
		if value, ok := yamlBool(node); ok {
			return value, true
		}
	case "!!int", "!!float":
		if decimal.MatchString(node.Value) {
			return json.Number(strings.TrimPrefix(node.Value, "+")), true
		}
		c.problem(path, node, offset{}, "%s: write numbers in decimal, as JSON has them", node.Value)
		return nil, false
	}
	c.want(path, node, "a string, a number, a bool or null", "")
	return nil, false
}

// decimal is a number of JSON. YAML has more, which its versions read differently.
var decimal = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?$`)

// isTextNode is true for a string, and for a date, which YAML 1.1 has as a type.
func isTextNode(node *yaml.Node) bool {
	tag := node.ShortTag()
	return tag == "!!str" || tag == "!!timestamp"
}

// isOldBool is true for the words that are bools in YAML 1.1 alone.
func isOldBool(text string) bool {
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off":
		return true
	}
	return false
}

func yamlBool(node *yaml.Node) (bool, bool) {
	if node.ShortTag() != "!!bool" {
		return false, false
	}
	value, err := strconv.ParseBool(strings.ToLower(node.Value))
	return value, err == nil
}

func yamlInt(node *yaml.Node, bits int) (int64, bool) {
	if node.ShortTag() != "!!int" || !decimal.MatchString(node.Value) {
		return 0, false
	}
	value, err := strconv.ParseInt(node.Value, 10, bits)
	return value, err == nil
}

// yamlFloat takes a number with or without a fraction. Neither an exponent nor
// infinity is one that a person writes here.
func yamlFloat(node *yaml.Node) (float64, bool) {
	if tag := node.ShortTag(); tag != "!!int" && tag != "!!float" || !fraction.MatchString(node.Value) {
		return 0, false
	}
	value, err := strconv.ParseFloat(node.Value, 64)
	return value, err == nil
}

var fraction = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
