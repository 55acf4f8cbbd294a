// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
)

// kinds names the types of facts as they are called in JSON, and reads each.
var kinds = []struct {
	name   string
	of     reflect.Type
	decode func([]byte) (Fact, error)
}{
	kind[ConditionChange]("conditionChange"),
	kind[Dial]("dial"),
	kind[Hangup]("hangup"),
	kind[Request]("request"),
	kind[Fault]("fault"),
	kind[Action]("action"),
	kind[Expectation]("expectation"),
	kind[Process]("process"),
	kind[Interval]("interval"),
}

func kind[F Fact](name string) (k struct {
	name   string
	of     reflect.Type
	decode func([]byte) (Fact, error)
}) {
	k.name, k.of = name, reflect.TypeFor[F]()
	k.decode = func(data []byte) (Fact, error) {
		var fact F
		err := json.Unmarshal(data, &fact)
		return fact, err
	}
	return k
}

// entryJSON is an entry as it is written.
type entryJSON struct {
	Time string          `json:"time"`
	At   seconds         `json:"at"`
	Kind string          `json:"kind"`
	Fact json.RawMessage `json:"fact"`
}

// MarshalJSON writes the entry as an object: time is the wall clock in UTC, at
// the seconds since the timeline's first entry, kind the fact's type, and fact
// the fact. Lengths of time are numbers of seconds.
func (e Entry) MarshalJSON() ([]byte, error) {
	at, err := e.Time.UTC().MarshalText()
	if err != nil {
		return nil, fmt.Errorf("write an entry of a timeline: %w", err)
	}
	form := entryJSON{Time: string(at), At: seconds(e.At)}
	for _, k := range kinds {
		if k.of == reflect.TypeOf(e.Fact) {
			form.Kind = k.name
		}
	}
	if form.Kind == "" {
		return nil, fmt.Errorf("write an entry of a timeline: no fact is a %T", e.Fact)
	}
	fact, err := json.Marshal(e.Fact)
	if err != nil {
		return nil, fmt.Errorf("write a %s of a timeline: %w", form.Kind, err)
	}
	form.Fact = fact
	return json.Marshal(form)
}

// UnmarshalJSON reads what [Entry.MarshalJSON] wrote. The time is in UTC and has
// no monotonic reading. Fields that are not known are passed over, so that a
// later version's reports can be read; a kind that is not known is an error.
func (e *Entry) UnmarshalJSON(data []byte) error {
	var form entryJSON
	if err := json.Unmarshal(data, &form); err != nil {
		return fmt.Errorf("read an entry of a timeline: %w", err)
	}
	at, err := time.Parse(time.RFC3339Nano, form.Time)
	if err != nil {
		return fmt.Errorf("read an entry of a timeline: %w", err)
	}
	// A year that only its zone lets be written cannot be written in UTC.
	if at = at.UTC(); at.Year() < 0 || at.Year() > 9999 {
		return fmt.Errorf("read an entry of a timeline: %s is out of range", form.Time)
	}
	var names []string
	for _, k := range kinds {
		if k.name == form.Kind {
			fact, err := k.decode(form.Fact)
			if err != nil {
				return fmt.Errorf("read a %s of a timeline: %w", k.name, err)
			}
			*e = Entry{Time: at, At: time.Duration(form.At), Fact: fact}
			return nil
		}
		names = append(names, k.name)
	}
	return fmt.Errorf("read an entry of a timeline: kind %q is none of %s", form.Kind, strings.Join(names, ", "))
}

// seconds is a length of time that is written as a number of seconds, to the
// nanosecond: a proxied request takes less than the millisecond of reports.
type seconds time.Duration

func (s seconds) MarshalJSON() ([]byte, error) {
	// By the digits, since a float would lose some of a long time.
	nanoseconds, sign := uint64(s), ""
	if s < 0 {
		nanoseconds, sign = -nanoseconds, "-"
	}
	const second = uint64(time.Second)
	text := fmt.Sprintf("%s%d.%09d", sign, nanoseconds/second, nanoseconds%second)
	return []byte(strings.TrimRight(strings.TrimRight(text, "0"), ".")), nil
}

func (s *seconds) UnmarshalJSON(data []byte) error {
	if d, err := time.ParseDuration(string(data) + "s"); err == nil {
		*s = seconds(d)
		return nil
	}
	// A number that another program wrote, with an exponent perhaps.
	var number float64
	if err := json.Unmarshal(data, &number); err != nil {
		return fmt.Errorf("read seconds %s: %w", data, err)
	}
	nanoseconds := math.Round(number * float64(time.Second))
	if math.Abs(nanoseconds) >= math.MaxInt64 {
		return fmt.Errorf("read seconds %s: it is more than 290 years", data)
	}
	*s = seconds(nanoseconds)
	return nil
}
