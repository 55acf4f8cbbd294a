// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/aggtest/aggtest/scenarios/internal/spelling"
)

// Explain says what a field is, as kubectl explain does: its type, what it means,
// the values it can have, its default and the fields in it. The path has no
// indexes: spec.steps.expect.that. The empty path is the file itself. An unknown
// path is an error that names the nearest one.
func Explain(path string) (string, error) {
	t := reflect.TypeFor[Scenario]()
	about := descriptions[t.Name()]
	var at field
	walked := ""
	for part := range strings.SplitSeq(path, ".") {
		if path == "" {
			break
		}
		name, _, _ := strings.Cut(part, "[")
		fields := innerFields(t)
		i := -1
		for j, f := range fields {
			if f.name == name {
				i = j
			}
		}
		if i < 0 {
			return "", unknownPath(walked, name, fieldNames(fields))
		}
		at, t, about = fields[i], fields[i].goType, fields[i].description()
		walked = fieldPath(walked, name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "KIND:     %s\nVERSION:  %s\n\n", Kind, APIVersion)
	if walked != "" {
		fmt.Fprintf(&b, "FIELD:    %s <%s>%s\n\n", walked, typeText(t), requiredText(at))
	}
	fmt.Fprintf(&b, "DESCRIPTION:\n%s", wrap(about, "    "))
	if inner := elementType(t); formOf(inner) == formStruct && walked != "" {
		b.WriteString(wrap(descriptions[inner.Name()], "    "))
	}
	if values := enumerations[valueType(t).Name()]; len(values) > 0 {
		b.WriteString("\nVALUES:\n")
		for _, v := range values {
			fmt.Fprintf(&b, "  %s\n%s", v.value, wrap(v.description, "    "))
		}
	}
	if value, ok := documentedDefaults[at.owner+"."+at.name]; ok {
		fmt.Fprintf(&b, "\nDEFAULT:  %v\n", value)
	}
	if fields := innerFields(t); len(fields) > 0 {
		b.WriteString("\nFIELDS:\n")
		for _, f := range fields {
			fmt.Fprintf(&b, "  %s\t<%s>%s\n%s", f.name, typeText(f.goType), requiredText(f), wrap(f.description(), "    "))
		}
	}
	return b.String(), nil
}

func unknownPath(parent, name string, known []string) error {
	where := "a scenario"
	if parent != "" {
		where = parent
	}
	if len(known) == 0 {
		return fmt.Errorf("%s has no fields, and so no %q", where, name)
	}
	nearest := ""
	if found := spelling.Nearest(name, known); found != "" {
		nearest = fmt.Sprintf(", did you mean %s?", fieldPath(parent, found))
	}
	return fmt.Errorf("%s has no field %q%s (it has %s)", where, name, nearest, strings.Join(known, ", "))
}

// elementType is what a list is of, however deep, and any other type itself.
func elementType(t reflect.Type) reflect.Type {
	t = valueType(t)
	for t.Kind() == reflect.Slice {
		t = valueType(t.Elem())
	}
	return t
}

func innerFields(t reflect.Type) []field {
	if inner := elementType(t); formOf(inner) == formStruct {
		return fieldsOf(inner)
	}
	return nil
}

func requiredText(f field) string {
	if f.required {
		return " -required-"
	}
	return ""
}

func typeText(t reflect.Type) string {
	t = valueType(t)
	switch formOf(t) {
	case formList:
		return "[]" + typeText(t.Elem())
	case formMap:
		return "map[string]" + typeText(t.Elem())
	case formObject:
		return "object"
	case formBool:
		return "boolean"
	case formInt:
		return "integer"
	case formFloat:
		return "number"
	case formStruct, formEnum, formDuration, formQuantity:
		return t.Name()
	}
	return "string"
}

// lineWidth is the width of a terminal that every terminal has.
const lineWidth = 80

// wrap breaks a text into indented lines.
func wrap(text, indent string) string {
	var b strings.Builder
	line := indent
	for word := range strings.FieldsSeq(text) {
		if len(line) > len(indent) && len(line)+1+len(word) > lineWidth {
			b.WriteString(line + "\n")
			line = indent
		}
		if len(line) > len(indent) {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
