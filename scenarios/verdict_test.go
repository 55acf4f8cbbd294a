// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/aggtest/aggtest/scenarios/internal/expression"
)

func TestSightOfError(t *testing.T) {
	things := schema.GroupResource{Group: "custom.example.com", Resource: "things"}
	_, parseErr := http.NewRequest(http.MethodGet, "https://127.0.0.1:1/%zz", nil)
	tests := []struct {
		name   string
		err    error
		never  bool
		reason string
	}{
		{"refused", fmt.Errorf("dial: %w", syscall.ECONNREFUSED), false, "somebody may come to listen"},
		{"not found", apierrors.NewNotFound(things, "one"), false, "it may be created"},
		{"503", apierrors.NewServiceUnavailable("not yet"), false, "the server may come up"},
		{"500", apierrors.NewInternalError(errors.New("oh")), false, "the server may recover"},
		{"forbidden", apierrors.NewForbidden(things, "one", nil), false, "a role may be bound"},
		{"conflict", apierrors.NewConflict(things, "one", nil), false, "the other writer may be done"},
		{"too many", apierrors.NewTooManyRequests("slow down", 1), false, "there is room later"},
		{"bad request", apierrors.NewBadRequest("no"), true, "the same request stays bad"},
		{"invalid", fmt.Errorf("apply: %w", apierrors.NewInvalid(schema.GroupKind{Kind: "Thing"}, "one", nil)), true, "the same object stays invalid"},
		{"not allowed", apierrors.NewMethodNotSupported(things, "patch"), true, "the verb stays unknown"},
		{"a bad URL", parseErr, true, "the same text stays no URL"},
	}
	for _, test := range tests {
		if got := sightOfError(test.err); got.held || got.never != test.never || got.state == "" {
			t.Errorf("%s: %+v, want never %t: %s", test.name, got, test.never, test.reason)
		}
	}
}

func TestJudge(t *testing.T) {
	object := map[string]any{"spec": map[string]any{"port": int64(443), "name": "https"}}
	tests := []struct {
		name    string
		that    string
		matches map[string]any
		held    bool
		never   bool
		state   string
		reason  string
	}{
		{name: "both hold", that: "object.spec.port == 443", matches: map[string]any{"spec": map[string]any{"name": "https"}}, held: true,
			reason: "what is true is true"},
		{name: "nothing asked", matches: map[string]any{}, held: true, reason: "an empty part is part of everything"},
		{name: "false", that: "object.spec.port == 8443", state: "object.spec.port = 443", reason: "a value may change"},
		{name: "not there", that: "object.status.ready", state: "status", reason: "a field may come"},
		{name: "a mismatch", matches: map[string]any{"spec": map[string]any{"name": "http"}}, state: `spec.name: want "http", got "https"`,
			reason: "a value may change"},
		{name: "both wrong", that: "object.spec.port == 8443", matches: map[string]any{"spec": map[string]any{"name": "http"}},
			state: `spec.name: want "http", got "https"; object.spec.port = 443`, reason: "both are told"},
		{name: "the wrong type", that: "object.spec.name > 3", never: true, reason: "a string stays a string"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			prepared, err := compile("object", test.that, test.matches)
			if err != nil {
				t.Fatal(err)
			}
			got := prepared.judge(t.Context(), expression.ObjectValues{Object: object}, object)
			if got.held != test.held || got.never != test.never {
				t.Errorf("%+v, want held %t, never %t: %s", got, test.held, test.never, test.reason)
			}
			if !strings.Contains(got.state, test.state) {
				t.Errorf("state %q, want it to contain %q", got.state, test.state)
			}
		})
	}
}

func TestCompileRefusesWhatIsNoExpression(t *testing.T) {
	if _, err := compile("apiService", "condition.stats == 'True'", nil); err == nil {
		t.Error("a misspelt field compiles")
	}
	subject, err := compile("apiService", "", nil)
	if err != nil || !subject.empty() {
		t.Errorf("nothing asked: %+v, %v; want an empty test", subject, err)
	}
}
