// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "go.yaml.in/yaml/v3"

// Case is one scenario that can be run: a document of a file, or one row of its
// matrix.
type Case struct {
	// Scenario has its defaults set. The values of the matrix are in their
	// places, the row's name is added to Metadata.Name, and Spec.Matrix is empty.
	Scenario
	// File is the file's name as it was given.
	File string
	// Family is the label family, else the name of the file's folder. Empty when there is neither.
	Family string
	// Row is the name of the matrix row. Empty without a matrix.
	Row string

	source source
	places map[string]*yaml.Node
}

// FullName is family/name, or the name alone without a family.
func (c *Case) FullName() string {
	if c.Family == "" {
		return c.Metadata.Name
	}
	return c.Family + "/" + c.Metadata.Name
}

// Position is where a field is written, such as spec.steps[1].expect[0].that: its
// value when that is one word or text, its key otherwise. A field that is not
// written has its parent's position.
func (c *Case) Position(path string) Position {
	return positionOf(c.source, c.places, path, offset{})
}

func positionOf(s source, places map[string]*yaml.Node, path string, inside offset) Position {
	node, ok := places[path]
	for !ok && path != "" {
		path, inside = parentPath(path), offset{}
		node, ok = places[path]
	}
	if !ok {
		return Position{File: s.name, Line: 1, Column: 1}
	}
	return s.position(node, inside)
}
