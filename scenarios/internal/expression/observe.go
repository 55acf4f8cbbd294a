// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
	"github.com/google/cel-go/parser"
)

// longestValue is how many characters of a value an observation keeps: an
// APIService's message fits, the body of a list does not.
const longestValue = 300

// Observation is the value that a part of an expression had.
type Observation struct {
	// Expression is the part, and Value what it came to: text in quotes, the rest as JSON, long values cut.
	Expression, Value string
}

func (o Observation) String() string { return o.Expression + " = " + o.Value }

// observer collects the values that decided an expression.
type observer struct {
	program *Program
	state   interpreter.EvalState
	found   []Observation
}

func (p *Program) observe(state interpreter.EvalState) []Observation {
	o := &observer{program: p, state: state}
	o.decide(p.ast.NativeRep().Expr())
	return o.found
}

// decide descends into the parts of a bool expression that made it what it is.
func (o *observer) decide(e ast.Expr) {
	if e.Kind() != ast.CallKind {
		o.report(e)
		return
	}
	call := e.AsCall()
	switch call.FunctionName() {
	case operators.LogicalAnd:
		for _, arg := range call.Args() {
			if value, ok := o.value(arg); ok && value != types.True {
				o.decide(arg)
			}
		}
	case operators.LogicalOr, operators.LogicalNot, operators.NotStrictlyFalse:
		for _, arg := range call.Args() {
			if _, ok := o.value(arg); ok {
				o.decide(arg)
			}
		}
	case operators.Conditional:
		args := call.Args()
		o.decide(args[0])
		for _, branch := range args[1:] {
			if _, ok := o.value(branch); ok {
				o.decide(branch)
			}
		}
	default:
		if call.IsMemberFunction() {
			o.report(call.Target())
		}
		for _, arg := range call.Args() {
			o.report(arg)
		}
	}
}

// report notes the value of one part, and of the list that a macro such as
// exists runs over, since the macro itself is only true or false.
func (o *observer) report(e ast.Expr) {
	switch e.Kind() {
	case ast.LiteralKind:
		return
	case ast.ComprehensionKind:
		if t := o.program.ast.NativeRep().GetType(e.ID()); t.Kind() == types.BoolKind {
			o.report(e.AsComprehension().IterRange())
			return
		}
	case ast.ListKind:
		for _, element := range e.AsList().Elements() {
			o.report(element)
		}
		return
	}
	value, ok := o.value(e)
	if !ok || types.IsUnknownOrError(value) {
		return
	}
	observation := Observation{Expression: o.program.text(e), Value: valueText(value)}
	if !slices.Contains(o.found, observation) {
		o.found = append(o.found, observation)
	}
}

// value is what a part came to. A literal always has one; another part has none
// when it was not reached.
func (o *observer) value(e ast.Expr) (ref.Val, bool) {
	if e.Kind() == ast.LiteralKind {
		return e.AsLiteral(), true
	}
	return o.state.Value(e.ID())
}

// text is a part of the expression in CEL.
func (p *Program) text(e ast.Expr) string {
	text, err := parser.Unparse(e, p.ast.NativeRep().SourceInfo())
	if err != nil {
		return p.source
	}
	return text
}

// valueText is a value as evidence shows it.
func valueText(value ref.Val) string {
	plain := plainValue(value)
	var text string
	switch v := plain.(type) {
	case string:
		return strconv.Quote(cut(v))
	case time.Time:
		text = v.UTC().Format(time.RFC3339)
	case time.Duration:
		text = v.String()
	default:
		data, err := json.Marshal(v)
		if err != nil {
			text = fmt.Sprint(v)
		} else {
			text = string(data)
		}
	}
	return cut(text)
}

// plainValue is a CEL value as Go's own types.
func plainValue(value ref.Val) any {
	switch v := value.(type) {
	case types.Null:
		return nil
	case types.Timestamp:
		return v.Time
	case types.Duration:
		return v.Duration
	case *types.Optional:
		if !v.HasValue() {
			return nil
		}
		return plainValue(v.GetValue())
	}
	return plainNative(value.Value())
}

// plainNative replaces the CEL values inside lists and maps, which CEL keeps
// where an expression built them.
func plainNative(v any) any {
	switch v := v.(type) {
	case ref.Val:
		return plainValue(v)
	case time.Duration:
		return v.String()
	case time.Time, []byte:
		return v
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice:
		out := make([]any, r.Len())
		for i := range out {
			out[i] = plainNative(r.Index(i).Interface())
		}
		return out
	case reflect.Map:
		out := make(map[string]any, r.Len())
		for _, key := range r.MapKeys() {
			out[fmt.Sprint(plainNative(key.Interface()))] = plainNative(r.MapIndex(key).Interface())
		}
		return out
	}
	return v
}

func cut(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if runes := []rune(text); len(runes) > longestValue {
		return string(runes[:longestValue]) + "…"
	}
	return text
}
