// SPDX-License-Identifier: Apache-2.0

package timeline

import "encoding/json"

// The facts below hold a length of time, which JSON has as seconds under a name
// that says so. form is the fact without its methods and the seconds beside it,
// both by pointer, so that it serves for writing and for reading.

// MarshalJSON writes the fact with openSeconds.
func (h Hangup) MarshalJSON() ([]byte, error) { return json.Marshal(h.form()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (h *Hangup) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, h.form()) }

func (h *Hangup) form() any {
	type plain Hangup
	return &struct {
		*plain
		OpenSeconds *seconds `json:"openSeconds"`
	}{(*plain)(h), (*seconds)(&h.Open)}
}

// MarshalJSON writes the fact with tookSeconds.
func (r Request) MarshalJSON() ([]byte, error) { return json.Marshal(r.form()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Request) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, r.form()) }

func (r *Request) form() any {
	type plain Request
	return &struct {
		*plain
		TookSeconds *seconds `json:"tookSeconds"`
	}{(*plain)(r), (*seconds)(&r.Took)}
}

// MarshalJSON writes the fact with tookSeconds.
func (e Expectation) MarshalJSON() ([]byte, error) { return json.Marshal(e.form()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Expectation) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, e.form()) }

func (e *Expectation) form() any {
	type plain Expectation
	return &struct {
		*plain
		TookSeconds *seconds `json:"tookSeconds"`
	}{(*plain)(e), (*seconds)(&e.Took)}
}

// MarshalJSON writes the fact with tookSeconds.
func (i Interval) MarshalJSON() ([]byte, error) { return json.Marshal(i.form()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (i *Interval) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, i.form()) }

func (i *Interval) form() any {
	type plain Interval
	return &struct {
		*plain
		TookSeconds *seconds `json:"tookSeconds"`
	}{(*plain)(i), (*seconds)(&i.Took)}
}
