// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Series says what a metric's value is at each time. Exactly one of constant,
// steps, ramp, sine, sawtooth, noise, trace and expression is set, unless missing
// or error is. Times count from the start of the server.
type Series struct {
	// Constant is a value that stays.
	Constant *Quantity `json:"constant,omitempty"`
	// Steps are values that begin at their times, in order.
	Steps []SeriesStep `json:"steps,omitempty"`
	// Ramp goes from one value to another and stays there.
	Ramp *Ramp `json:"ramp,omitempty"`
	// Sine swings around a mean.
	Sine *Sine `json:"sine,omitempty"`
	// Sawtooth goes from one value to another, again and again.
	Sawtooth *Sawtooth `json:"sawtooth,omitempty"`
	// Noise is a new value around a mean every now and then, the same for the same seed.
	Noise *Noise `json:"noise,omitempty"`
	// Trace is a recording.
	Trace *Trace `json:"trace,omitempty"`
	// Expression is CEL over object, now, elapsed, seconds and age that gives a number or a quantity.
	Expression string `json:"expression,omitempty"`
	// Missing is true when there is no value.
	Missing bool `json:"missing,omitempty"`
	// Stale is how old the value's timestamp is.
	Stale Duration `json:"stale,omitempty"`
	// Delay is how long the server takes to give the value.
	Delay Duration `json:"delay,omitempty"`
	// Error is what the server's provider fails with.
	Error string `json:"error,omitempty"`
}

// SeriesStep is a value from a time on.
type SeriesStep struct {
	// After is when the value begins. 0 for the first when empty.
	After Duration `json:"after,omitempty"`
	// Value from then on.
	Value Quantity `json:"value"`
}

// Ramp goes from one value to another.
type Ramp struct {
	// From is the value at first.
	From Quantity `json:"from"`
	// To is the value at the end.
	To Quantity `json:"to"`
	// Over is how long it takes.
	Over Duration `json:"over"`
}

// Sine swings around a mean.
type Sine struct {
	// Mean is the value in the middle.
	Mean Quantity `json:"mean"`
	// Amplitude is how far the value gets from it.
	Amplitude Quantity `json:"amplitude"`
	// Period is how long one swing takes.
	Period Duration `json:"period"`
	// Phase is how far the first swing is on when it begins.
	Phase Duration `json:"phase,omitempty"`
}

// Sawtooth goes from one value to another and begins anew.
type Sawtooth struct {
	// From is the value at the beginning of each tooth.
	From Quantity `json:"from"`
	// To is the value at its end.
	To Quantity `json:"to"`
	// Period is how long one tooth takes.
	Period Duration `json:"period"`
}

// Noise is random around a mean.
type Noise struct {
	// Mean of the values.
	Mean Quantity `json:"mean"`
	// Deviation is the standard deviation of the values.
	Deviation Quantity `json:"deviation"`
	// Seed makes the values the same at each run.
	Seed int64 `json:"seed,omitempty"`
	// Every is how long a value stays. 1s when empty.
	Every Duration `json:"every,omitempty"`
}

// Trace is a recording. Exactly one of csv, prometheus and file is set.
type Trace struct {
	// CSV is a table with a header, whose first column is the time.
	CSV string `json:"csv,omitempty"`
	// Prometheus is text in the exposition format of Prometheus, with timestamps.
	Prometheus string `json:"prometheus,omitempty"`
	// File is the path of a table that ends in .csv, or of such a text. It is relative to the scenario's file.
	File string `json:"file,omitempty"`
	// Column of the table that is taken. The second when empty.
	Column string `json:"column,omitempty"`
	// Metric of the text that is taken.
	Metric string `json:"metric,omitempty"`
	// Labels that the metric must have.
	Labels map[string]string `json:"labels,omitempty"`
	// Repeat begins anew after the last value. The last value stays otherwise.
	Repeat bool `json:"repeat,omitempty"`
}

// Quantity is a number of Kubernetes, such as 250m, 1.5 or 64Mi.
type Quantity string

// UnmarshalJSON reads a string or a number that [resource.ParseQuantity] takes.
func (q *Quantity) UnmarshalJSON(data []byte) error {
	var parsed resource.Quantity
	if err := json.Unmarshal(data, &parsed); err != nil {
		return fmt.Errorf("%s is not a quantity: write a number with or without a unit, such as 250m or 64Mi", data)
	}
	*q = Quantity(parsed.String())
	return nil
}
