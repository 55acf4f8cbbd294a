// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func decode(t testing.TB, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("decode %q: %v", text, err)
	}
	return v
}

const unavailable = `
metadata: {name: v1.example.com, generation: 3, labels: {app.kubernetes.io/name: x}}
spec: {ports: [{name: https, port: 443}, {name: metrics, port: 80}], versions: [v1, v1beta1], finalizers: []}
status:
  conditions:
  - {type: Stale, status: "True"}
  - {type: Available, status: "False", reason: MissingEndpoints}
`

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		reason, want, got string
		mismatches        []string
	}{
		{
			reason: "a map is matched by a part of it",
			want:   `{metadata: {name: v1.example.com}}`,
		},
		{
			reason:     "a scalar that differs",
			want:       `{metadata: {name: v2.example.com}}`,
			mismatches: []string{`metadata.name: want "v2.example.com", got "v1.example.com"`},
		},
		{
			reason:     "a key that is no word stands in quotes",
			want:       `{metadata: {labels: {app.kubernetes.io/name: z}}}`,
			mismatches: []string{`metadata.labels["app.kubernetes.io/name"]: want "z", got "x"`},
		},
		{
			reason:     "what is not there is told from what is null",
			want:       `{status: {phase: Ready}}`,
			mismatches: []string{`status.phase: want "Ready", got nothing`},
		},
		{
			reason: "null wants the field to be absent",
			want:   `{status: {phase: null}}`,
		},
		{
			reason:     "null where there is something",
			want:       `{spec: {versions: null}}`,
			mismatches: []string{`spec.versions: want nothing, got ["v1","v1beta1"]`},
		},
		{
			reason: "conditions at the top stand for status.conditions, by type",
			want:   `{conditions: {Available: {status: "False", reason: MissingEndpoints}}}`,
		},
		{
			reason: "conditions by type in the status as well",
			want:   `{status: {conditions: {Available: {status: "False"}}}}`,
		},
		{
			reason: "conditions as a list at the top",
			want:   `{conditions: [{type: Available, status: "False"}]}`,
		},
		{
			reason: "every field that differs is told, and a condition that is missing",
			want:   `{conditions: {Available: {status: "True", reason: Passed}, Ready: {status: "True"}}}`,
			mismatches: []string{
				`status.conditions[Available].reason: want "Passed", got "MissingEndpoints"`,
				`status.conditions[Available].status: want "True", got "False"`,
				`status.conditions[Ready]: want {"status":"True","type":"Ready"}, got nothing`,
			},
		},
		{
			reason: "a condition must be absent",
			want:   `{conditions: {Ready: null}}`,
		},
		{
			reason:     "a condition must be absent and is there",
			want:       `{conditions: {Stale: null}}`,
			mismatches: []string{`status.conditions[Stale]: want nothing, got {"status":"True","type":"Stale"}`},
		},
		{
			reason:     "no conditions yet",
			want:       `{conditions: {Available: {status: "True"}}}`,
			got:        `{metadata: {name: x}}`,
			mismatches: []string{`status.conditions: want {"Available":{"status":"True"}}, got nothing`},
		},
		{
			reason: "no conditions wanted and none there",
			want:   `{conditions: null}`,
			got:    `{metadata: {name: x}}`,
		},
		{
			reason: "a list of maps is matched by name in any order",
			want:   `{spec: {ports: [{name: metrics, port: 80}]}}`,
		},
		{
			reason:     "a list of maps without a key must be the same in length",
			want:       `{spec: {ports: [{port: 80}]}}`,
			mismatches: []string{`spec.ports: want [{"port":80}], got [{"name":"https","port":443},{"name":"metrics","port":80}]`},
		},
		{
			reason: "a list of maps without a key, in order, each a part",
			want:   `{spec: {ports: [{port: 443}, {port: 80}]}}`,
		},
		{
			reason: "a list of text in another order",
			want:   `{spec: {versions: [v1beta1, v1]}}`,
			mismatches: []string{
				`spec.versions[0]: want "v1beta1", got "v1"`,
				`spec.versions[1]: want "v1", got "v1beta1"`,
			},
		},
		{
			reason: "an empty list may be absent",
			want:   `{spec: {finalizers: [], others: []}}`,
		},
		{
			reason:     "an empty list is not any list",
			want:       `{spec: {versions: []}}`,
			mismatches: []string{`spec.versions: want [], got ["v1","v1beta1"]`},
		},
		{
			reason:     "text is not a number",
			want:       `{metadata: {generation: "3"}}`,
			mismatches: []string{`metadata.generation: want "3", got 3`},
		},
		{
			reason:     "a map where text is",
			want:       `{metadata: {name: {first: x}}}`,
			mismatches: []string{`metadata.name: want {"first":"x"}, got "v1.example.com"`},
		},
		{
			reason:     "text where a map is",
			want:       `{metadata: x}`,
			got:        `{metadata: {name: x}}`,
			mismatches: []string{`metadata: want "x", got {"name":"x"}`},
		},
		{
			reason:     "the whole is no map",
			want:       `{kind: Status}`,
			got:        `text`,
			mismatches: []string{`.: want {"kind":"Status"}, got "text"`},
		},
		{
			reason: "one of several with the same name is enough",
			want:   `{ports: [{name: a, port: 2}]}`,
			got:    `{ports: [{name: a, port: 1}, {name: a, port: 2}]}`,
		},
		{
			reason: "conditions that are a map in the object too",
			want:   `{conditions: {Available: {status: "True"}}}`,
			got:    `{conditions: {Available: {status: "True"}}}`,
		},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			got := tc.got
			if got == "" {
				got = unavailable
			}
			want := decode(t, tc.want).(map[string]any)
			var texts []string
			for _, m := range Match(want, decode(t, got)) {
				texts = append(texts, m.String())
			}
			if diff := cmp.Diff(tc.mismatches, texts); diff != "" {
				t.Errorf("Match(%s) (-want +got):\n%s", tc.want, diff)
			}
		})
	}
}

func TestMatchNumbers(t *testing.T) {
	for _, tc := range []struct {
		want, got any
		equal     bool
		reason    string
	}{
		{int64(1), float64(1), true, "an integer and a float of the same value"},
		{1, int64(1), true, "two types of integer"},
		{json.Number("1.0"), int64(1), true, "a number kept as text"},
		{json.Number("1e999999999"), int64(1), false, "a number too large for anything"},
		{int64(9007199254740993), int64(9007199254740992), false, "large integers are exact"},
		{int64(1), true, false, "a bool is no number"},
		{int64(0), nil, false, "null is not 0"},
	} {
		mismatches := Match(map[string]any{"n": tc.want}, map[string]any{"n": tc.got})
		if got := len(mismatches) == 0; got != tc.equal {
			t.Errorf("%s: %v matches %v = %v, want %v", tc.reason, tc.want, tc.got, got, tc.equal)
		}
	}
}

// FuzzMatch holds that an object always matches itself, and that a mismatch is
// found when a field is added to what is wanted.
func FuzzMatch(f *testing.F) {
	f.Add([]byte(`{"a":[{"name":"x"},{"name":"x","y":null}],"conditions":{"A":null}}`))
	f.Add([]byte(`{"conditions":[{"type":"A"},{"type":1},[]],"status":{"conditions":{"a":1}}}`))
	f.Add([]byte(`{"a":[null,[],{}],"b":[{"key":1.5e3}]}`))
	f.Add([]byte(`{"conditions":null,"status":{"conditions":[1]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var object map[string]any
		if json.Unmarshal(data, &object) != nil || object == nil {
			t.Skip("not an object")
		}
		if found := Match(object, object); len(found) > 0 && !nullShorthand(object) {
			t.Errorf("%s does not match itself: %v", data, found)
		}
		if _, ok := object["added"]; ok {
			return
		}
		want := map[string]any{"added": "x"}
		if found := Match(want, object); !slices.Equal(found, []Mismatch{{Path: "added", Want: "x", Missing: true}}) {
			t.Errorf("Match(%v, %s) = %v", want, data, found)
		}
	})
}

// nullShorthand is true for an object with `conditions: null` beside
// status.conditions: the shorthand makes it a demand that there be none.
func nullShorthand(object map[string]any) bool {
	conditions, ok := object["conditions"]
	return ok && conditions == nil
}
