// SPDX-License-Identifier: Apache-2.0

package network

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
)

// rule is what a kind allows.
type rule struct {
	// connections are those it can have, the default first.
	connections []Connections
	// directed is true when one direction can have it.
	directed bool
	// needs and takes are the fields that it must and may have.
	needs, takes []string
}

var rules = map[Kind]rule{
	Refuse:      {connections: []Connections{NewOnes}},
	BlackHole:   {connections: []Connections{NewOnes}},
	FailConnect: {connections: []Connections{NewOnes}, takes: []string{"status"}},
	Freeze:      {connections: []Connections{Open, NewOnes, All}, directed: true},
	Cut:         {connections: []Connections{Open, NewOnes, All}},
	Reset:       {connections: []Connections{Open, NewOnes, All}, directed: true, takes: []string{"afterBytes"}},
	Delay:       {connections: []Connections{All, NewOnes, Open}, directed: true, needs: []string{"delay"}, takes: []string{"jitter"}},
	Bandwidth:   {connections: []Connections{All, NewOnes, Open}, directed: true, needs: []string{"bytesPerSecond"}},
	Slice:       {connections: []Connections{All, NewOnes, Open}, directed: true, needs: []string{"sliceBytes"}, takes: []string{"delay"}},
	Limit:       {connections: []Connections{All, NewOnes, Open}, directed: true, needs: []string{"afterBytes"}},
}

// Validate returns everything that is wrong with the fault, each error beginning
// with the field's name as files spell it, such as "delay: ...", or nil.
func (f Fault) Validate() error {
	rule, known := rules[f.Kind]
	if !known {
		return fmt.Errorf("kind: %q is none of %v", f.Kind, Kinds())
	}
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
	}

	switch {
	case !slices.Contains([]Direction{"", ToServer, ToClient}, f.Direction):
		wrong("direction", "%q is none of %v", f.Direction, []Direction{ToServer, ToClient})
	case f.Direction != "" && !rule.directed:
		wrong("direction", "%s is always of both directions", f.Kind)
	case f.Direction != "" && f.Kind == Reset && f.AfterBytes == 0:
		wrong("direction", "Reset without afterBytes is of both directions")
	}
	switch {
	case !slices.Contains([]Connections{"", NewOnes, Open, All}, f.Connections):
		wrong("connections", "%q is none of %v", f.Connections, []Connections{NewOnes, Open, All})
	case f.Connections != "" && !slices.Contains(rule.connections, f.Connections):
		wrong("connections", "%s is of new connections only", f.Kind)
	}
	switch {
	case f.Next < 0:
		wrong("next", "%d is less than 0", f.Next)
	case f.Next > 0 && f.Connections == Open:
		wrong("next", "counts new connections, and the fault is of open ones only")
	}
	if math.IsNaN(f.Fraction) || f.Fraction < 0 || f.Fraction > 1 {
		wrong("fraction", "%v is not between 0 and 1", f.Fraction)
	}

	for _, field := range []struct {
		name          string
		zero, in      bool
		found, wanted any
	}{
		{"delay", f.Delay == 0, f.Delay > 0, f.Delay, "more than 0s"},
		{"jitter", f.Jitter == 0, f.Jitter > 0 && f.Jitter <= f.Delay, f.Jitter, fmt.Sprintf("0s to the delay of %s", f.Delay)},
		{"bytesPerSecond", f.BytesPerSecond == 0, f.BytesPerSecond > 0, f.BytesPerSecond, "more than 0"},
		{"sliceBytes", f.SliceBytes == 0, f.SliceBytes > 0, f.SliceBytes, "more than 0"},
		{"afterBytes", f.AfterBytes == 0, f.AfterBytes > 0, f.AfterBytes, "more than 0"},
		{"status", f.Status == 0, f.Status >= 300 && f.Status <= 599, f.Status, "300 to 599"},
	} {
		needed := slices.Contains(rule.needs, field.name)
		switch {
		case field.zero && needed:
			wrong(field.name, "%s needs one", f.Kind)
		case field.zero:
		case !needed && !slices.Contains(rule.takes, field.name):
			wrong(field.name, "means nothing to %s", f.Kind)
		case !field.in:
			wrong(field.name, "%v is not %v", field.found, field.wanted)
		}
	}
	return errors.Join(errs...)
}

// settled returns the fault with what its zero values mean.
func (f Fault) settled() Fault {
	switch {
	case f.Connections != "":
	case f.Next > 0:
		f.Connections = NewOnes
	default:
		f.Connections = rules[f.Kind].connections[0]
	}
	if f.Kind == FailConnect && f.Status == 0 {
		f.Status = http.StatusBadGateway
	}
	if f.draws() && f.Seed == 0 {
		f.Seed = chooseSeed()
	}
	return f
}

// draws is whether chance plays a part.
func (f Fault) draws() bool { return f.Jitter > 0 || f.Fraction > 0 && f.Fraction < 1 }
