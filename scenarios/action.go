// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"time"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// act does one action, records it, and leaves behind what undoes it.
func (w *world) act(ctx context.Context, action *v1alpha1.Action) error {
	began, what := time.Now(), describeAction(action)
	err := w.do(ctx, action)
	w.record(began, what, err)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (w *world) do(ctx context.Context, action *v1alpha1.Action) error {
	switch {
	case action.Apply != nil:
		if reference := action.Apply.Reference(); reference.Kind == "APIService" {
			w.follow(reference.Name)
		}
		return w.apply(ctx, action.Apply)
	case action.Patch != nil:
		if action.Patch.Kind == "APIService" {
			w.follow(action.Patch.Name)
		}
		return w.patch(ctx, action.Patch)
	case action.Delete != nil:
		if action.Delete.Kind == "APIService" {
			w.follow(action.Delete.Name)
		}
		return w.delete(ctx, *action.Delete)
	case action.Register != nil:
		return w.register(ctx, action.Register)
	case action.Certificate != nil:
		return w.onServer(action.Certificate.Server, func(s *server) error { return s.setCertificate(w, action.Certificate.Fault) })
	case action.Cut != nil:
		return w.onServer(action.Cut.Server, func(s *server) error { return s.cut(action.Cut) })
	case action.Refuse != nil:
		return w.onServer(action.Refuse.Server, func(s *server) error { return s.refuse(w, action.Refuse) })
	case action.Answer != nil:
		return w.onServer(action.Answer.Server, func(s *server) error { return s.answer(w, action.Answer.Answer) })
	case action.Endpoints != nil:
		return w.onServer(action.Endpoints.Server, func(s *server) error { return s.setReady(ctx, w, action.Endpoints.Ready) })
	case action.Mend != nil:
		return w.onServer(action.Mend.Server, func(s *server) error { return s.mend(ctx) })
	case action.Touch != nil && action.Touch.Server != "":
		return w.onServer(action.Touch.Server, func(s *server) error { return s.harness.Touch(ctx) })
	case action.Touch != nil:
		return w.cluster.TouchAPIService(ctx, action.Touch.APIService)
	case action.Kubectl != nil:
		return w.kubectl(ctx, action.Kubectl)
	case action.Request != nil:
		return w.request(ctx, action.Request)
	}
	return fmt.Errorf("the action has no verb")
}

func (w *world) onServer(name string, f func(*server) error) error {
	s, err := w.server(name)
	if err != nil {
		return err
	}
	return f(s)
}
