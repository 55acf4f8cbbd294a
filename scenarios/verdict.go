// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/aggtest/aggtest/scenarios/internal/expression"
)

// sight is what one look at a subject showed. Whether a sight that does not hold
// may yet become one that does is decided in this file and nowhere else: what is
// missing, not found, refused or answered with 5xx may come; what we ourselves
// asked wrongly stays wrong.
type sight struct {
	held bool
	// never means that waiting cannot help.
	never bool
	// state is what was seen, for people.
	state string
	// through is the kube-apiserver that showed it. Empty when it does not matter.
	through string
}

func holds() sight { return sight{held: true} }

func notYet(state string) sight { return sight{state: state} }

func never(state string) sight { return sight{never: true, state: state} }

func (s sight) via(apiServer string) sight {
	s.through = apiServer
	return s
}

// sightOfError is for a request by a client of ours that failed.
func sightOfError(err error) sight {
	if isOurs(err) {
		return never(err.Error())
	}
	return notYet(err.Error())
}

// isOurs tells that the request itself was wrong, so that the same request will
// never be answered otherwise.
func isOurs(err error) bool {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return isOurFault(int(status.Status().Code))
	}
	var address *url.Error
	return errors.As(err, &address) && address.Op == "parse"
}

// isOurFault tells of an HTTP status that it is about the request and not about
// what it asks for. 401 and 403 are not among them, for rights may come; nor is
// 409, since the other writer may be done.
func isOurFault(code int) bool {
	switch code {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusMethodNotAllowed,
		http.StatusNotAcceptable, http.StatusUnsupportedMediaType, http.StatusRequestURITooLong:
		return true
	}
	return false
}

// test is what must be true of a subject: matches, that, or both.
type test struct {
	matches map[string]any
	program *expression.Program
}

// compile prepares the two forms of assertion of an expectation.
func compile(kind, that string, matches map[string]any) (test, error) {
	t := test{matches: matches}
	if that == "" {
		return t, nil
	}
	program, err := expression.Compile(expression.Subject(kind), that)
	if err != nil {
		return test{}, err
	}
	t.program = program
	return t, nil
}

// empty tells that nothing was asserted.
func (t test) empty() bool { return t.matches == nil && t.program == nil }

// judge applies the test. object is what matches is about, nil when there is
// nothing to match.
func (t test) judge(ctx context.Context, values expression.Values, object any) sight {
	var wrong []string
	if t.matches != nil {
		for _, mismatch := range expression.Match(t.matches, object) {
			wrong = append(wrong, mismatch.String())
		}
	}
	if t.program != nil {
		result, err := t.program.Eval(ctx, values)
		var wait *expression.NotYet
		switch {
		case err == nil && !result.Holds:
			wrong = append(wrong, result.String())
		case err == nil:
		case errors.As(err, &wait), ctx.Err() != nil:
			wrong = append(wrong, err.Error())
		default:
			return never(err.Error())
		}
	}
	if len(wrong) > 0 {
		return notYet(strings.Join(wrong, "; "))
	}
	return holds()
}
