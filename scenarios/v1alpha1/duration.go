// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"
	"fmt"
	"time"
)

// Duration is a length of time, written as a string with a unit: 500ms, 30s, 1m30s.
type Duration time.Duration

// UnmarshalJSON reads a string that [time.ParseDuration] takes and that is not negative.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("a duration is a string with a unit, such as 10s")
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a duration: write a number with a unit, such as 10s", text)
	}
	if parsed < 0 {
		return fmt.Errorf("%q is negative", text)
	}
	*d = Duration(parsed)
	return nil
}

// MarshalJSON writes the duration as UnmarshalJSON reads it.
func (d Duration) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(d).String())
}
