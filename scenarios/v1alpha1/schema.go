// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"
	"reflect"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is the JSON schema, draft-07, of a scenario file's document. Editors
// that know it complete keys and show the descriptions. It is about form: what
// Load finds beyond it, such as the name of a server that is not given, no schema
// can tell.
func Schema() []byte { return schemaText() }

var schemaText = sync.OnceValue(func() []byte {
	w := schemaWriter{definitions: map[string]*jsonschema.Schema{}}
	root := w.structure(reflect.TypeFor[Scenario]())
	root.Schema = "http://json-schema.org/draft-07/schema#"
	root.ID = "https://aggtest.dev/schemas/v1alpha1/scenario.json"
	root.Title = "aggtest scenario"
	root.Properties["apiVersion"].Enum = []any{APIVersion}
	root.Properties["kind"].Enum = []any{Kind}
	root.Definitions = w.definitions
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		// The schema comes from Go types alone, and a test writes it.
		panic("write the JSON schema: " + err.Error())
	}
	return append(text, '\n')
})

// schemaWriter collects one definition a struct.
type schemaWriter struct {
	definitions map[string]*jsonschema.Schema
}

func (w *schemaWriter) structure(t reflect.Type) *jsonschema.Schema {
	s := &jsonschema.Schema{
		Type:                 "object",
		Description:          descriptions[t.Name()],
		Properties:           map[string]*jsonschema.Schema{},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}
	for _, f := range fieldsOf(t) {
		property := w.value(f.goType)
		if property.Ref != "" {
			// Draft-07 ignores what stands beside a reference.
			property = &jsonschema.Schema{AllOf: []*jsonschema.Schema{property}}
		}
		property.Description = f.description()
		if value, ok := documentedDefaults[f.owner+"."+f.name]; ok {
			property.Default, _ = json.Marshal(value)
		}
		s.Properties[f.name] = property
		s.PropertyOrder = append(s.PropertyOrder, f.name)
		if f.required {
			s.Required = append(s.Required, f.name)
		}
	}
	switch t {
	case reflect.TypeFor[Action](), reflect.TypeFor[Touch](), reflect.TypeFor[ProcessReference]():
		s.MinProperties, s.MaxProperties = jsonschema.Ptr(1), jsonschema.Ptr(1)
	case reflect.TypeFor[Expectation]():
		s.OneOf = oneRequired("serves", "apiService", "changes", "object", "request", "traffic",
			"kubectl", "discovery", "dials", "requests", "interval")
	case reflect.TypeFor[Request]():
		s.OneOf = oneRequired("get", "post", "put", "patch", "delete")
	}
	return s
}

func oneRequired(names ...string) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	for _, name := range names {
		out = append(out, &jsonschema.Schema{Required: []string{name}})
	}
	return out
}

func (w *schemaWriter) value(t reflect.Type) *jsonschema.Schema {
	f, t := formOf(t), valueType(t)
	switch f {
	case formStruct:
		if _, ok := w.definitions[t.Name()]; !ok {
			w.definitions[t.Name()] = nil // a type that holds itself ends here
			w.definitions[t.Name()] = w.structure(t)
		}
		return &jsonschema.Schema{Ref: "#/definitions/" + t.Name()}
	case formList:
		return &jsonschema.Schema{Type: "array", Items: w.value(t.Elem())}
	case formMap:
		return &jsonschema.Schema{Type: "object", AdditionalProperties: w.value(t.Elem())}
	case formObject:
		return &jsonschema.Schema{Type: "object"}
	case formEnum:
		s := &jsonschema.Schema{Type: "string"}
		for _, value := range enumValues(t) {
			s.Enum = append(s.Enum, value)
		}
		return orReference(s)
	case formBool:
		return orReference(&jsonschema.Schema{Type: "boolean"})
	case formInt:
		return orReference(&jsonschema.Schema{Type: "integer"})
	case formFloat:
		return orReference(&jsonschema.Schema{Type: "number"})
	case formQuantity:
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}}}
	case formDuration:
		return orReference(&jsonschema.Schema{Type: "string", Pattern: durationPattern})
	}
	return &jsonschema.Schema{Type: "string"}
}

// durationPattern is what time.ParseDuration takes and is not negative.
const durationPattern = `^\+?(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`

// orReference lets a value of the matrix stand where a value is of a form of its own.
func orReference(s *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "string", Pattern: `\$\{matrix\.`}}}
}
