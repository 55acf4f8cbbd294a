// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
	sigsjson "sigs.k8s.io/json"
)

// Load reads the scenarios of a file, or of every .yaml and .yml file below a
// folder, in order of path. What is wrong with them comes as [Problems], those of
// all files at once; two scenarios of the same full name are wrong too.
func Load(name string) ([]*Case, error) {
	absolute, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("load scenarios: %w", err)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("load scenarios: %w", err)
	}
	l := loader{}
	if !info.IsDir() {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("load scenarios: %w", err)
		}
		l.add(name, filepath.Base(filepath.Dir(absolute)), data)
		return l.result()
	}
	err = l.addAll(os.DirFS(name), ".", filepath.Base(absolute), func(file string) string {
		return filepath.Join(name, filepath.FromSlash(file))
	})
	if err != nil {
		return nil, fmt.Errorf("load scenarios below %s: %w", name, err)
	}
	return l.result()
}

// LoadFS is [Load] in a file system, such as an embedded one. Files at its top
// have no folder to name their family.
func LoadFS(fsys fs.FS, name string) ([]*Case, error) {
	l := loader{}
	if err := l.addAll(fsys, name, folderName(name), func(file string) string { return file }); err != nil {
		return nil, fmt.Errorf("load scenarios below %s: %w", name, err)
	}
	return l.result()
}

// Parse reads the scenarios of one file's text. The name stands in positions,
// and its folder, if it has one, names the family.
func Parse(name string, data []byte) ([]*Case, error) {
	l := loader{}
	l.add(name, folderName(filepath.ToSlash(path.Dir(name))), data)
	return l.result()
}

func folderName(folder string) string {
	if name := path.Base(folder); name != "." && name != "/" && name != ".." {
		return name
	}
	return ""
}

// loader collects the scenarios of several files.
type loader struct {
	cases    []*Case
	problems Problems
}

func (l *loader) addAll(fsys fs.FS, root, rootFolder string, display func(string) string) error {
	return fs.WalkDir(fsys, root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || file != root && path.Ext(file) != ".yaml" && path.Ext(file) != ".yml" {
			return nil
		}
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		folder := rootFolder
		if dir := path.Dir(file); dir != root {
			folder = folderName(dir)
		}
		l.add(display(file), folder, data)
		return nil
	})
}

func (l *loader) add(name, folder string, data []byte) {
	s := newSource(name, data)
	documents, problems := s.documents(data)
	l.problems = append(l.problems, problems...)
	if len(documents) == 0 && len(problems) == 0 {
		l.problems = append(l.problems, Problem{Position: Position{File: name, Line: 1, Column: 1},
			Message: "there is no scenario in the file"})
	}
	for _, document := range documents {
		l.document(s, folder, document)
	}
}

// result is the cases, or all that is wrong with them.
func (l *loader) result() ([]*Case, error) {
	first := map[string]*Case{}
	for _, c := range l.cases {
		before, ok := first[c.FullName()]
		if !ok {
			first[c.FullName()] = c
			continue
		}
		at := c.Position("metadata.name")
		if at == before.Position("metadata.name") {
			continue // two rows of a name, which is a problem of the matrix
		}
		l.problems = append(l.problems, Problem{Position: at, Path: "metadata.name",
			Message: fmt.Sprintf("there is another scenario %s at %s", c.FullName(), before.Position("metadata.name"))})
	}
	if len(l.problems) > 0 {
		return nil, l.problems.sorted()
	}
	return l.cases, nil
}

// document loads one document: once, or once for each row of its matrix.
func (l *loader) document(s source, folder string, root *yaml.Node) {
	if problems := checkKind(s, root); len(problems) > 0 {
		l.problems = append(l.problems, problems...)
		return
	}
	rows, values := matrixOf(s, root)
	if len(rows) == 0 {
		l.oneCase(s, folder, root, nil, values)
		return
	}
	var last *Case
	for i := range rows {
		values.row = &rows[i]
		last = l.oneCase(s, folder, root, &rows[i], values)
	}
	for i, row := range rows {
		for key := range row.Values {
			if !values.used[key] {
				at := fieldPath(itemPath("spec.matrix", i)+".values", key)
				l.problems = append(l.problems, Problem{Position: last.Position(at), Path: at,
					Message: fmt.Sprintf("is not used: write ${matrix.%s} where it belongs", key)})
			}
		}
	}
}

// matrixOf reads the matrix before the rest of the document.
func matrixOf(s source, root *yaml.Node) ([]MatrixRow, *substitution) {
	values := &substitution{used: map[string]bool{}}
	node := childNode(childNode(root, "spec"), "matrix")
	if node == nil {
		return nil, values
	}
	c := newChecker(s, nil)
	found, ok := c.value("spec.matrix", node, reflect.TypeFor[[]MatrixRow]())
	var rows []MatrixRow
	if !ok || len(c.problems) > 0 || decode(found, &rows) != nil {
		values.off = true
		return nil, values
	}
	values.rows = rows
	return rows, values
}

// oneCase checks, decodes and validates a document for one row.
func (l *loader) oneCase(s source, folder string, root *yaml.Node, row *MatrixRow, values *substitution) *Case {
	c := newChecker(s, values)
	loaded := &Case{File: s.name, Family: folder, source: s, places: c.places}
	if found, ok := c.value("", root, reflect.TypeFor[Scenario]()); ok {
		if err := decode(found, &loaded.Scenario); err != nil {
			c.problem("", root, offset{}, "%v", err)
		}
	}
	l.problems = append(l.problems, c.problems...)
	for _, p := range Validate(&loaded.Scenario) {
		if c.follows(p) {
			continue
		}
		if c.replaced[p.Path] {
			p.inside = offset{}
		}
		p.Position = positionOf(s, c.places, p.Path, p.inside)
		l.problems = append(l.problems, p)
	}
	SetDefaults(&loaded.Scenario)
	findTraces(&loaded.Scenario, filepath.Dir(s.name))
	if family := loaded.Metadata.Labels["family"]; family != "" {
		loaded.Family = family
	}
	loaded.Spec.Matrix = nil
	if row != nil {
		loaded.Row = row.Name
		loaded.Metadata.Name += "-" + row.Name
	}
	if loaded.Metadata.Name != "" {
		l.cases = append(l.cases, loaded)
	}
	return loaded
}

// decode reads what the checker made of a document. It goes through JSON, whose
// decoder knows the tags; integers of untyped fields stay integers.
func decode(found, into any) error {
	data, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	if err := sigsjson.UnmarshalCaseSensitivePreserveInts(data, into); err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	return nil
}

// brokenGiven is a field that was left out and that other fields may have named.
var brokenGiven = regexp.MustCompile(`^spec\.given(\.\w+(\[\d+\](\.name)?)?)?$`)

// follows is true for a problem of validation that is there only because
// something was left out of the document, which has a problem of its own.
func (c *checker) follows(p Problem) bool {
	return slices.ContainsFunc(c.broken, func(broken string) bool {
		return isBelow(broken, p.Path) || isBelow(p.Path, broken) ||
			p.reference && brokenGiven.MatchString(broken)
	})
}

// checkKind looks at what says how to read the rest. A document of another kind
// has only that problem.
func checkKind(s source, root *yaml.Node) Problems {
	if root.Kind != yaml.MappingNode {
		return Problems{{Position: s.position(root, offset{}), Message: "found " + found(root) + " where a scenario is wanted"}}
	}
	var out Problems
	for key, want := range map[string]string{"apiVersion": APIVersion, "kind": Kind} {
		node := childNode(root, key)
		if node == nil || node.Kind == yaml.ScalarNode && node.Value == want {
			continue
		}
		out = append(out, Problem{Position: s.position(node, offset{}), Path: key,
			Message: fmt.Sprintf("found %s where %s is wanted", found(node), want)})
	}
	return out
}

// childNode is the value of a key, nil when there is none.
func childNode(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}
