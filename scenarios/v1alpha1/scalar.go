// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/aggtest/aggtest/scenarios/internal/spelling"
)

func (c *checker) scalar(path string, node *yaml.Node, t reflect.Type, f form) (any, bool) {
	if node.Kind != yaml.ScalarNode {
		c.want(path, node, wanted(t, f), "")
		return nil, false
	}
	text, isText := node.Value, isTextNode(node)
	if isText {
		replaced, ok := c.substitute(path, node)
		if !ok {
			return nil, false
		}
		if replaced != text && f != formString {
			// A value of the matrix is a string, whatever it stands for.
			node = &yaml.Node{Kind: yaml.ScalarNode, Value: replaced, Line: node.Line, Column: node.Column}
		}
		text = replaced
	}
	switch f {
	case formString:
		if isText {
			return text, true
		}
		if node.ShortTag() != "!!null" {
			c.want(path, node, "a string", "put it in quotes")
			return nil, false
		}
	case formEnum:
		known := enumValues(t)
		if !isText {
			break
		}
		if slices.Contains(known, text) {
			return text, true
		}
		c.problem(path, node, offset{}, "%q is not one of %s%s",
			text, strings.Join(known, ", "), spelling.DidYouMean(text, known))
		return nil, false
	case formDuration:
		if isText {
			return c.duration(path, node, text)
		}
		if tag := node.ShortTag(); tag == "!!int" || tag == "!!float" {
			c.want(path, node, "a duration", fmt.Sprintf("write a unit, such as %ss", text))
			return nil, false
		}
	case formQuantity:
		if tag := node.ShortTag(); isText || tag == "!!int" || tag == "!!float" {
			return c.quantity(path, node, text)
		}
	case formBool:
		if value, ok := yamlBool(node); ok {
			return value, true
		}
	case formInt:
		if value, ok := yamlInt(node, t.Bits()); ok {
			return value, true
		}
	case formFloat:
		if value, ok := yamlFloat(node); ok {
			return value, true
		}
	}
	c.want(path, node, wanted(t, f), "")
	return nil, false
}

func (c *checker) duration(path string, node *yaml.Node, text string) (any, bool) {
	parsed, err := time.ParseDuration(text)
	switch {
	case err != nil:
		c.problem(path, node, offset{}, "%q is not a duration: write a number with a unit, such as 500ms, 10s or 1m30s", text)
	case parsed < 0:
		c.problem(path, node, offset{}, "%q is negative", text)
	default:
		return text, true
	}
	return nil, false
}

func (c *checker) quantity(path string, node *yaml.Node, text string) (any, bool) {
	if _, err := resource.ParseQuantity(text); err != nil {
		c.problem(path, node, offset{}, "%q is not a quantity: write a number with or without a unit, such as 3, 250m or 64Mi", text)
		return nil, false
	}
	return text, true
}

// wanted says what a scalar of a form is.
func wanted(t reflect.Type, f form) string {
	switch f {
	case formStruct, formMap, formObject:
		return "a map"
	case formList:
		return "a list"
	case formBool:
		return "true or false"
	case formInt:
		return "a whole number"
	case formFloat:
		return "a number"
	case formDuration:
		return "a duration, such as 10s"
	case formQuantity:
		return "a quantity, such as 250m"
	case formEnum:
		return "one of " + strings.Join(enumValues(t), ", ")
	}
	return "a string"
}
