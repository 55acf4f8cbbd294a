// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v3"
)

func resolvedSchema(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	var schema jsonschema.Schema
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Fatalf("read the schema: %v", err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatalf("resolve the schema: %v", err)
	}
	return resolved
}

// validate gives what the schema says of each document of a YAML text.
func validate(t *testing.T, schema *jsonschema.Resolved, data []byte) []error {
	t.Helper()
	var out []error
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document any
		if err := decoder.Decode(&document); err != nil {
			return out
		}
		if document != nil {
			out = append(out, schema.Validate(document))
		}
	}
}

func TestSchema(t *testing.T) {
	golden(t, "schema.json", string(Schema()))
}

func TestExamplesFitTheSchema(t *testing.T) {
	var files []string
	for _, pattern := range []string{"testdata/good/*", "../catalog/*/*.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("there are no examples in %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	schema := resolvedSchema(t)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := validate(t, schema, data)
		if len(found) == 0 {
			t.Errorf("%s has no documents", file)
		}
		for _, err := range found {
			if err != nil {
				t.Errorf("%s does not fit the schema: %v", file, err)
			}
		}
	}
	for _, err := range validate(t, schema, []byte(manualExample(t))) {
		if err != nil {
			t.Errorf("the example of the manual does not fit the schema: %v", err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	const head = "apiVersion: aggtest.dev/v1alpha1\nkind: Scenario\nmetadata: {name: x}\nspec:\n  description: For the schema.\n"
	schema := resolvedSchema(t)
	for _, tc := range []struct{ text, reason string }{
		{head + "  steps: [{name: x, expect: [{serves: a.b/v1}]}]", "given is missing"},
		{head + "  given: {}\n  steps: [{name: x, expects: []}]", "an unknown field"},
		{head + "  given: {}\n  steps: [{name: x, expect: [{within: 10s}]}]", "an expectation without a subject"},
		{head + "  given: {}\n  steps: [{name: x, expect: [{serves: a.b/v1, discovery: Legacy}]}]", "two subjects"},
		{head + "  given: {}\n  steps: [{name: x, expect: [{serves: a.b/v1, within: 10}]}]", "a number for a duration"},
		{head + "  given: {}\n  steps: [{name: x, expect: [{serves: a.b/v1, within: soon}]}]", "a word for a duration"},
		{head + "  given: {}\n  steps: [{name: x, do: [{}]}]", "an action without a verb"},
		{head + "  given: {}\n  steps: [{name: x, do: [{cut: {server: a}, mend: {server: a}}]}]", "two verbs"},
		{head + "  given: {}\n  steps: [{name: x, do: [{certificate: {server: a, fault: expired}}]}]", "a word that is none of the closed set"},
		{"kind: Pod\n" + head[len("apiVersion: aggtest.dev/v1alpha1\nkind: Scenario\n"):], "another kind"},
	} {
		found := validate(t, schema, []byte(tc.text))
		if len(found) != 1 || found[0] == nil {
			t.Errorf("%s: the schema takes it: %v", tc.reason, found)
		}
	}
}
