// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"k8s.io/apiserver/pkg/cel/library"

	"github.com/aggtest/aggtest/scenarios/internal/spelling"
)

// Program is an expression that was compiled for its subject. It is safe for
// use by several goroutines.
type Program struct {
	subject Subject
	source  string
	ast     *cel.Ast
	// decide runs within the cost limit. explain keeps the value of each part,
	// and only runs after decide has come to an end.
	decide, explain cel.Program
}

// Subject is what the expression is about.
func (p *Program) Subject() Subject { return p.subject }

// String is the expression as it was written.
func (p *Program) String() string { return p.source }

// CompileError is one mistake in an expression.
type CompileError struct {
	// Line and Column are where it is in the expression, from 1. Column counts characters.
	Line, Column int
	// Message says what is wrong.
	Message string
}

func (e CompileError) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

// CompileErrors are the mistakes in an expression, in order of place.
type CompileErrors []CompileError

func (e CompileErrors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Compile parses and checks an expression, which must be a bool or a value
// whose type is known only when it runs. What is wrong with the expression
// comes as [CompileErrors]; an unknown subject is another error.
func Compile(subject Subject, source string) (*Program, error) {
	env, err := environment(subject)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(source) == "" {
		return nil, CompileErrors{{Line: 1, Column: 1, Message: "the expression is empty"}}
	}
	ast, issues := env.Compile(source)
	if err := issues.Err(); err != nil {
		return nil, mistakes(subject, issues.Errors())
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, CompileErrors{{Line: 1, Column: 1,
			Message: fmt.Sprintf("the expression is of type %s: it must be true or false", cel.FormatCELType(t))}}
	}
	// Two programs, because cel-go v0.29.2 counts no cost in one that tracks its
	// state, and would then not keep to the limit.
	decide, err := env.Program(ast,
		cel.CostTracking(&library.CostEstimator{}),
		cel.CostLimit(costLimit),
		cel.InterruptCheckFrequency(interruptEvery),
	)
	if err != nil {
		return nil, fmt.Errorf("plan the expression %q: %w", source, err)
	}
	explain, err := env.Program(ast,
		cel.EvalOptions(cel.OptTrackState),
		cel.InterruptCheckFrequency(interruptEvery),
	)
	if err != nil {
		return nil, fmt.Errorf("plan the expression %q: %w", source, err)
	}
	return &Program{subject: subject, source: source, ast: ast, decide: decide, explain: explain}, nil
}

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	undefined  = regexp.MustCompile(`^undefined field '([^']*)'`)
)

// mistakes adds to CEL's messages what CEL does not know: the names that there are.
func mistakes(subject Subject, found []*common.Error) CompileErrors {
	var out CompileErrors
	for _, f := range found {
		column := max(f.Location.Column(), 0) + 1
		message := strings.TrimSpace(strings.ReplaceAll(f.Message, " (in container '')", ""))
		message = strings.TrimPrefix(message, "Syntax error: ")
		if m := undeclared.FindStringSubmatch(message); m != nil {
			names := slices.Sorted(maps.Keys(variables[subject]))
			message = fmt.Sprintf("there is no %q here%s (expressions about %s see %s)",
				m[1], spelling.DidYouMean(m[1], names), subject, strings.Join(names, ", "))
		} else if m := undefined.FindStringSubmatch(message); m != nil {
			// Another type may have a field of that very name.
			names := slices.DeleteFunc(fieldsOf(subject), func(name string) bool { return name == m[1] })
			message = fmt.Sprintf("there is no field %q%s", m[1], spelling.DidYouMean(m[1], names))
			column++ // from the dot before it
		}
		out = append(out, CompileError{
			Line:    max(f.Location.Line(), 1),
			Column:  column,
			Message: message,
		})
	}
	slices.SortStableFunc(out, func(a, b CompileError) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return out
}

// fieldsOf lists the fields of all types that the variables of a subject are made of.
func fieldsOf(subject Subject) []string {
	var names []string
	seen := map[string]bool{}
	var visit func(t *cel.Type)
	visit = func(t *cel.Type) {
		for _, p := range t.Parameters() {
			visit(p)
		}
		if fields, ok := structs[t.TypeName()]; ok && !seen[t.TypeName()] {
			seen[t.TypeName()] = true
			for name, ft := range fields {
				names = append(names, name)
				visit(ft)
			}
		}
	}
	for _, t := range variables[subject] {
		visit(t)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
