// SPDX-License-Identifier: Apache-2.0

package network

import (
	"fmt"
	"strings"
)

// words is the fault as the timeline has it. The fault is settled.
func (f Fault) words() string {
	if f.Kind == Cut && f.Connections == Open && f.Fraction == 0 {
		return string(wasCut)
	}
	text := f.whom() + " " + f.fate()
	switch f.Direction {
	case ToServer:
		text += ", to the server"
	case ToClient:
		text += ", to the client"
	}
	if f.draws() {
		text += fmt.Sprintf(" (seed %d)", f.Seed)
	}
	return text
}

// whom says which connections have the fault.
func (f Fault) whom() string {
	next := "new connections"
	switch {
	case f.Next == 1:
		next = "the next connection"
	case f.Next > 1:
		next = fmt.Sprintf("the next %d connections", f.Next)
	}
	var who []string
	if f.Connections != NewOnes {
		who = append(who, "open connections")
	}
	if f.Connections != Open {
		who = append(who, next)
	}
	text := strings.Join(who, " and ")
	if f.Fraction > 0 && f.Fraction < 1 {
		text = fmt.Sprintf("%.4g%% of %s", 100*f.Fraction, text)
	}
	return text
}

// fate says what becomes of them.
func (f Fault) fate() string {
	are := "are"
	if f.Next == 1 && f.Connections == NewOnes && f.Fraction == 0 {
		are = "is"
	}
	switch f.Kind {
	case Refuse:
		return are + " refused"
	case BlackHole:
		return are + " left without an answer"
	case Freeze:
		return are + " frozen"
	case Cut:
		return are + " cut"
	case Reset:
		if f.AfterBytes == 0 {
			return are + " reset"
		}
		return fmt.Sprintf("%s reset after %d bytes", are, f.AfterBytes)
	case Delay:
		text := fmt.Sprintf("%s delayed by %s", are, f.Delay)
		if f.Jitter > 0 {
			text += fmt.Sprintf(", give or take %s", f.Jitter)
		}
		return text
	case Bandwidth:
		return fmt.Sprintf("%s held to %d bytes a second", are, f.BytesPerSecond)
	case Slice:
		text := fmt.Sprintf("%s sliced into %d bytes", are, f.SliceBytes)
		if f.Delay > 0 {
			text += fmt.Sprintf(", %s apart", f.Delay)
		}
		return text
	case Limit:
		return fmt.Sprintf("%s closed after %d bytes", are, f.AfterBytes)
	case FailConnect:
		return fmt.Sprintf("%s answered %d", are, f.Status)
	}
	return string(f.Kind)
}
