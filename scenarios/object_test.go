// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"encoding/json"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestInverseMerge(t *testing.T) {
	tests := []struct {
		name, before, merge, want string
		reason                    string
	}{
		{"changed", `{"spec":{"a":1,"b":2}}`, `{"spec":{"a":3}}`, `{"spec":{"a":1}}`, "only what was changed is put back"},
		{"added", `{"spec":{}}`, `{"spec":{"a":3}}`, `{"spec":{"a":null}}`, "what was not there is taken away"},
		{"a new map", `{}`, `{"metadata":{"labels":{"a":"b"}}}`, `{"metadata":null}`, "a map that was not there goes as a whole"},
		{"removed", `{"spec":{"a":{"deep":[1,2]}}}`, `{"spec":{"a":null}}`, `{"spec":{"a":{"deep":[1,2]}}}`, "what was removed comes back with all that it held"},
		{"removed, and not there", `{"spec":{}}`, `{"spec":{"a":null}}`, `{"spec":{"a":null}}`, "nothing stays nothing"},
		{"a list", `{"ports":[{"port":443}]}`, `{"ports":[{"port":8443}]}`, `{"ports":[{"port":443}]}`, "lists are one value in a merge patch"},
		{"a map for a value", `{"a":1}`, `{"a":{"b":2}}`, `{"a":1}`, "another type is another value"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var before, merge map[string]any
			decode(t, test.before, &before)
			decode(t, test.merge, &merge)
			inverse, err := json.Marshal(inverseMerge(merge, before))
			if err != nil {
				t.Fatal(err)
			}
			if string(inverse) != test.want {
				t.Errorf("inverse %s, want %s: %s", inverse, test.want, test.reason)
			}
			after, err := jsonpatch.MergePatch([]byte(test.before), []byte(test.merge))
			if err != nil {
				t.Fatal(err)
			}
			back, err := jsonpatch.MergePatch(after, inverse)
			if err != nil {
				t.Fatal(err)
			}
			if !jsonpatch.Equal(back, []byte(test.before)) {
				t.Errorf("%s, patched and put back, is %s", test.before, back)
			}
		})
	}
}

func TestWithoutIdentity(t *testing.T) {
	object := &unstructured.Unstructured{}
	decode(t, `{"kind":"Service","metadata":{"name":"s","namespace":"n","labels":{"a":"b"},"uid":"u","resourceVersion":"7",
		"creationTimestamp":"2026-01-01T00:00:00Z","generation":3,"managedFields":[{}]},
		"spec":{"clusterIP":"10.0.0.7"},"status":{"loadBalancer":{}}}`, &object.Object)
	got, err := json.Marshal(withoutIdentity(object).Object)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"kind":"Service","metadata":{"labels":{"a":"b"},"name":"s","namespace":"n"},"spec":{"clusterIP":"10.0.0.7"}}`
	if string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if object.GetUID() != "u" {
		t.Error("the object itself was changed")
	}
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}
