// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"reflect"
	"slices"
	"strings"
)

// form is what a value looks like in YAML.
type form int

const (
	formStruct form = iota
	formList
	formMap    // any keys, all values of one form
	formObject // any YAML
	formString
	formEnum
	formBool
	formInt
	formFloat
	formDuration
	formQuantity // a number with or without a unit
)

// field is one key of a struct, as YAML and the descriptions know it.
type field struct {
	name     string // in YAML
	owner    string // the Go type that declares it
	goType   reflect.Type
	required bool
}

// description is what the Go comment says of the field.
func (f field) description() string { return descriptions[f.owner+"."+f.name] }

var (
	durationType = reflect.TypeFor[Duration]()
	quantityType = reflect.TypeFor[Quantity]()
)

// formOf says how a Go type is written. Its pointer is written the same way.
func formOf(t reflect.Type) form {
	if t == durationType {
		return formDuration
	}
	if t == quantityType {
		return formQuantity
	}
	switch t.Kind() {
	case reflect.Pointer:
		return formOf(t.Elem())
	case reflect.Struct:
		return formStruct
	case reflect.Slice:
		return formList
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return formObject
		}
		return formMap
	case reflect.Interface:
		return formObject
	case reflect.Bool:
		return formBool
	case reflect.Int, reflect.Int32, reflect.Int64:
		return formInt
	case reflect.Float64:
		return formFloat
	}
	if len(enumerations[t.Name()]) > 0 {
		return formEnum
	}
	return formString
}

// valueType is what a pointer points to, and any other type itself.
func valueType(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// fieldsOf lists the keys of a struct in order, those of inlined structs among them.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			out = append(out, fieldsOf(f.Type)...)
			continue
		}
		out = append(out, field{
			name:     name,
			owner:    t.Name(),
			goType:   f.Type,
			required: !slices.Contains(strings.Split(options, ","), "omitempty"),
		})
	}
	return out
}

func fieldNames(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// enumValue is one value of an enumeration with the comment of its constant.
type enumValue struct{ value, description string }

// enumValues lists the values of an enumeration in the order of its constants.
func enumValues(t reflect.Type) []string {
	var out []string
	for _, v := range enumerations[t.Name()] {
		out = append(out, v.value)
	}
	return out
}
