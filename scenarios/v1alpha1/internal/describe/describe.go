// SPDX-License-Identifier: Apache-2.0

// Package describe turns the comments of the scenario types into the
// descriptions that users read in explain, in the schema and in messages.
package describe

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// File is the name of the generated file.
const File = "zz_generated.descriptions.go"

// Generate reads the Go files of a folder, tests and generated ones left out,
// and gives the source of [File]: the comment of each type as "Type", of each
// field with a json tag as "Type.key", and of each constant of a string type.
func Generate(folder string) ([]byte, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("list the Go files of %s: %w", folder, err)
	}
	c := collector{descriptions: map[string]string{}, enumerations: map[string][][2]string{}}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "zz_generated") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the comments: %w", err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("read the comments: %w", err)
		}
		c.packageName = file.Name.Name
		for _, decl := range file.Decls {
			if decl, ok := decl.(*ast.GenDecl); ok {
				c.declaration(decl)
			}
		}
	}
	return c.source()
}

type collector struct {
	packageName  string
	descriptions map[string]string
	enumerations map[string][][2]string // value and comment, by type
}

func (c *collector) declaration(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			doc := spec.Doc
			if doc == nil {
				doc = decl.Doc
			}
			c.typeSpec(spec, doc)
		case *ast.ValueSpec:
			c.constant(spec)
		}
	}
}

func (c *collector) typeSpec(spec *ast.TypeSpec, doc *ast.CommentGroup) {
	structure, ok := spec.Type.(*ast.StructType)
	if !spec.Name.IsExported() {
		return
	}
	if !ok {
		c.descriptions[spec.Name.Name] = text(doc)
		return
	}
	fields := 0
	for _, field := range structure.Fields.List {
		if field.Tag == nil || len(field.Names) == 0 {
			continue
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			continue
		}
		key, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		if key != "" {
			c.descriptions[spec.Name.Name+"."+key] = yamlName(text(field.Doc), field.Names[0].Name, key)
			fields++
		}
	}
	if fields > 0 {
		c.descriptions[spec.Name.Name] = text(doc)
	}
}

func (c *collector) constant(spec *ast.ValueSpec) {
	typeName, ok := spec.Type.(*ast.Ident)
	if !ok || len(spec.Values) != 1 {
		return
	}
	literal, ok := spec.Values[0].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return
	}
	value, err := strconv.Unquote(literal.Value)
	if err != nil {
		return
	}
	c.enumerations[typeName.Name] = append(c.enumerations[typeName.Name], [2]string{value, yamlName(text(spec.Doc), spec.Names[0].Name, value)})
}

// yamlName puts the name that YAML has for something in the place of Go's at the
// beginning of its comment, unless only the capital at the beginning differs.
func yamlName(comment, goName, name string) string {
	rest, ok := strings.CutPrefix(comment, goName+" ")
	if !ok || strings.EqualFold(goName, name) && strings.ToLower(name) == name {
		return comment
	}
	return name + " " + rest
}

// text is a comment as one paragraph.
func text(doc *ast.CommentGroup) string {
	return strings.Join(strings.Fields(doc.Text()), " ")
}

func (c *collector) source() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("// SPDX-License-Identifier: Apache-2.0\n\n")
	b.WriteString("// Code generated from the comments of this package by go generate. DO NOT EDIT.\n\n")
	fmt.Fprintf(&b, "package %s\n\n", c.packageName)
	b.WriteString("// descriptions are the comments of the types, as \"Type\" and \"Type.key\".\n")
	b.WriteString("var descriptions = map[string]string{\n")
	for _, key := range slices.Sorted(maps.Keys(c.descriptions)) {
		fmt.Fprintf(&b, "%q: %q,\n", key, c.descriptions[key])
	}
	b.WriteString("}\n\n// enumerations are the values of the string types that have constants.\n")
	b.WriteString("var enumerations = map[string][]enumValue{\n")
	for _, key := range slices.Sorted(maps.Keys(c.enumerations)) {
		fmt.Fprintf(&b, "%q: {\n", key)
		for _, value := range c.enumerations[key] {
			fmt.Fprintf(&b, "{%q, %q},\n", value[0], value[1])
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
	out, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("format the descriptions: %w", err)
	}
	return out, nil
}
