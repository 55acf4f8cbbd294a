// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Mismatch is one place where an object is not as wanted.
type Mismatch struct {
	// Path is the place in the object, such as status.conditions[Available].reason.
	Path string
	// Want is what should be there, nil when nothing should.
	Want any
	// Got is what is there.
	Got any
	// Missing is true when nothing is there.
	Missing bool
}

func (m Mismatch) String() string {
	got := "nothing"
	if !m.Missing {
		got = shown(m.Got)
	}
	want := "nothing"
	if m.Want != nil {
		want = shown(m.Want)
	}
	return fmt.Sprintf("%s: want %s, got %s", m.Path, want, got)
}

func shown(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return cut(fmt.Sprint(v))
	}
	return cut(string(data))
}

// Match compares the wanted part of an object with the object, and returns
// where they differ, sorted by path: nothing when the object is as wanted.
//
//   - A wanted map is a part of the map that is there; a wanted null says that
//     the field must be absent or null.
//   - A wanted list of maps that all have type, or all have name, or all have
//     key, is a part of the list that is there: each wanted item is looked up by
//     that field. Any other list must be the same in length and order; an empty
//     one may also be absent, since Kubernetes leaves empty lists out.
//   - Numbers are equal by value: 1 is 1.0. Text is never equal to a number.
//   - The list conditions may be written as a map by type, and at the top it
//     may stand for status.conditions.
//
// Both sides are what JSON or YAML decodes to.
func Match(want map[string]any, got any) []Mismatch {
	m := matcher{}
	if conditions, ok := want["conditions"]; ok {
		if object, isMap := got.(map[string]any); isMap && object["conditions"] == nil {
			status, _ := object["status"].(map[string]any)
			if found, ok := status["conditions"]; ok || conditions != nil {
				want = maps.Clone(want)
				delete(want, "conditions")
				m.value("status.conditions", conditions, found, ok)
			}
		}
	}
	m.value("", want, got, true)
	slices.SortStableFunc(m.found, func(a, b Mismatch) int { return strings.Compare(a.Path, b.Path) })
	return m.found
}

type matcher struct {
	found []Mismatch
}

func (m *matcher) miss(path string, want, got any, present bool) {
	if path == "" {
		path = "."
	}
	m.found = append(m.found, Mismatch{Path: path, Want: want, Got: got, Missing: !present})
}

func (m *matcher) value(path string, want, got any, present bool) {
	switch want := want.(type) {
	case nil:
		if present && got != nil {
			m.miss(path, nil, got, true)
		}
	case map[string]any:
		if items, ok := got.([]any); ok && isConditions(path) {
			m.conditions(path, want, items)
			return
		}
		fields, ok := got.(map[string]any)
		if !ok {
			m.miss(path, want, got, present)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			field, ok := fields[key]
			m.value(join(path, key), want[key], field, ok)
		}
	case []any:
		m.list(path, want, got, present)
	default:
		if !present || !equalScalars(want, got) {
			m.miss(path, want, got, present)
		}
	}
}

// mergeKeys are the fields by which Kubernetes' lists of maps are most often keyed.
var mergeKeys = []string{"type", "name", "key"}

func (m *matcher) list(path string, want []any, got any, present bool) {
	if len(want) == 0 && (!present || got == nil) {
		return
	}
	items, ok := got.([]any)
	if !ok {
		m.miss(path, want, got, present)
		return
	}
	if key := mergeKeyOf(want); key != "" {
		for _, item := range want {
			m.keyed(path, key, item.(map[string]any), items)
		}
		return
	}
	if len(want) != len(items) {
		m.miss(path, want, items, true)
		return
	}
	for i := range want {
		m.value(path+"["+strconv.Itoa(i)+"]", want[i], items[i], true)
	}
}

// conditions matches a map by type with a list of conditions.
func (m *matcher) conditions(path string, want map[string]any, items []any) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		fields, ok := want[name].(map[string]any)
		if !ok {
			item, found := find(items, "type", name)
			m.value(path+"["+name+"]", want[name], item, found)
			continue
		}
		fields = maps.Clone(fields)
		if fields["type"] == nil {
			fields["type"] = name
		}
		m.keyed(path, "type", fields, items)
	}
}

// keyed matches one wanted item with those of a list that have its key. Where
// several have it, one that matches is enough, and otherwise the first is shown.
func (m *matcher) keyed(path, key string, want map[string]any, items []any) {
	place := path + "[" + scalarText(want[key]) + "]"
	var first []Mismatch
	for _, item := range items {
		fields, ok := item.(map[string]any)
		if !ok || !equalScalars(want[key], fields[key]) {
			continue
		}
		one := matcher{}
		one.value(place, want, item, true)
		if len(one.found) == 0 {
			return
		}
		if first == nil {
			first = one.found
		}
	}
	if first == nil {
		m.miss(place, want, nil, false)
		return
	}
	m.found = append(m.found, first...)
}

func find(items []any, key, value string) (any, bool) {
	for _, item := range items {
		if fields, ok := item.(map[string]any); ok && fields[key] == value {
			return item, true
		}
	}
	return nil, false
}

// mergeKeyOf is the field by which a wanted list is matched, or "" when it must
// be the same in length and order.
func mergeKeyOf(want []any) string {
	for _, key := range mergeKeys {
		all := len(want) > 0
		for _, item := range want {
			fields, ok := item.(map[string]any)
			all = all && ok && isScalar(fields[key])
		}
		if all {
			return key
		}
	}
	return ""
}

func isConditions(path string) bool {
	return path == "conditions" || strings.HasSuffix(path, ".conditions")
}

func isScalar(v any) bool {
	switch v.(type) {
	case nil, map[string]any, []any:
		return false
	}
	return true
}

func scalarText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	return shown(v)
}

func equalScalars(want, got any) bool {
	a, aIsNumber := number(want)
	b, bIsNumber := number(got)
	if aIsNumber || bIsNumber {
		return aIsNumber && bIsNumber && a.Cmp(b) == 0
	}
	return isScalar(want) && isScalar(got) && want == got
}

// number is a number of any of Go's types exactly, so that large integers that
// differ by one are not equal.
func number(v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case int:
		return new(big.Rat).SetInt64(int64(v)), true
	case int32:
		return new(big.Rat).SetInt64(int64(v)), true
	case int64:
		return new(big.Rat).SetInt64(v), true
	case uint64:
		return new(big.Rat).SetUint64(v), true
	case float64:
		r := new(big.Rat).SetFloat64(v)
		return r, r != nil
	case json.Number:
		// A number of many digits in the exponent would fill the memory.
		if f, err := v.Float64(); err != nil || f == 0 && strings.ContainsAny(string(v), "123456789") {
			return nil, false
		}
		return new(big.Rat).SetString(string(v))
	}
	return nil, false
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// join adds a key to a path, in quotes when it is not a plain word.
func join(path, key string) string {
	if !plainKey.MatchString(key) {
		return path + "[" + strconv.Quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
