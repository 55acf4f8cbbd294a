// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
)

// Result is what an expression came to.
type Result struct {
	// Holds is the expression's value.
	Holds bool
	// Because are the values that decided it when it does not hold.
	Because []Observation
}

// String is the values that decided a result that does not hold, in a line for
// evidence, such as `condition.reason = "FailedDiscoveryCheck"`.
func (r Result) String() string {
	parts := make([]string, len(r.Because))
	for i, o := range r.Because {
		parts[i] = o.String()
	}
	return strings.Join(parts, "; ")
}

// NotYet is the error of an expression that reads something which is not there:
// a missing key, an index out of bounds, or text that is no number where one is
// read out of it. What is looked at may come to have it.
type NotYet struct {
	// Reason says which part of the expression it is, and what is missing.
	Reason string
}

func (e *NotYet) Error() string { return e.Reason }

// Eval runs the expression on the values of its subject. An error that is a
// [*NotYet] may go away when the values change; the context's own error says
// that time ran out; any other error stays, whatever the values.
func (p *Program) Eval(ctx context.Context, values Values) (Result, error) {
	if values == nil || values.subject() != p.subject {
		return Result{}, fmt.Errorf("evaluate %q: it is about %s, and got %T", p.source, p.subject, values)
	}
	bindings := values.bindings()
	out, _, err := p.decide.ContextEval(ctx, bindings)
	if err != nil && ctx.Err() != nil {
		return Result{}, fmt.Errorf("evaluate %q: %w", p.source, context.Cause(ctx))
	}
	if err != nil {
		return Result{}, p.classify(ctx, err, bindings)
	}
	holds, ok := out.(types.Bool)
	if !ok {
		return Result{}, fmt.Errorf("evaluate %q: it is of type %s: it must be true or false",
			p.source, out.Type().TypeName())
	}
	if holds {
		return Result{Holds: true}, nil
	}
	_, details, err := p.explain.ContextEval(ctx, bindings)
	if err != nil {
		return Result{}, fmt.Errorf("explain %q: %w", p.source, err)
	}
	return Result{Because: p.observe(details.State())}, nil
}

// neverTexts are parts of the errors that no other values of the same types can
// mend. CEL's errors have no types of their own, only texts.
var neverTexts = []string{
	noSuchOverload,
	"unsupported",
	"cost limit exceeded",
	"error parsing regexp",
	"internal error",
}

const noSuchOverload = "no such overload"

// classify tells an error that comes from the values of the moment from one that
// comes from the expression, and says which part of the expression it is.
func (p *Program) classify(ctx context.Context, err error, bindings map[string]any) error {
	reason := strings.TrimPrefix(err.Error(), "evaluation error: ")
	part := p.failingPart(err)
	null := ""
	if part != nil {
		if strings.Contains(reason, noSuchOverload) {
			null = p.nullOperand(ctx, part, bindings)
		}
		reason = p.text(part) + ": " + reason
	}
	if null != "" {
		// An answer that is not JSON reads as null, which no function takes.
		return &NotYet{Reason: p.text(part) + ": " + null + " is null"}
	}
	for _, never := range neverTexts {
		if strings.Contains(reason, never) {
			return fmt.Errorf("evaluate %q: %s", p.source, reason)
		}
	}
	return &NotYet{Reason: reason}
}

// failingPart is the part of the expression that an error comes from, nil when
// the error does not say.
func (p *Program) failingPart(err error) ast.Expr {
	var celErr *types.Err
	if !errors.As(err, &celErr) {
		return nil
	}
	var part ast.Expr
	ast.PreOrderVisit(p.ast.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == celErr.NodeID() {
			part = e
		}
	}))
	return part
}

// nullOperand is the text of an operand of a call that is null, "" when none is.
func (p *Program) nullOperand(ctx context.Context, part ast.Expr, bindings map[string]any) string {
	if part.Kind() != ast.CallKind {
		return ""
	}
	// The error itself is known; only the values around it are wanted.
	_, details, _ := p.explain.ContextEval(ctx, bindings)
	if details == nil {
		return ""
	}
	call := part.AsCall()
	operands := call.Args()
	if call.IsMemberFunction() {
		operands = append([]ast.Expr{call.Target()}, operands...)
	}
	for _, operand := range operands {
		if value, ok := details.State().Value(operand.ID()); ok && value == types.NullValue {
			return p.text(operand)
		}
	}
	return ""
}
