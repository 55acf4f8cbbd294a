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
		return w.onServer(action.Certificate.Server, func(s *server) error { return s.setCertificate(w, action.Certificate) })
	case action.Cut != nil:
		return w.onServer(action.Cut.Server, func(s *server) error { return s.cut(action.Cut) })
	case action.Refuse != nil:
		return w.onServer(action.Refuse.Server, func(s *server) error { return s.refuse(w, action.Refuse) })
	case action.Link != nil:
		return w.onServer(action.Link.Server, func(s *server) error { return s.breakLink(w, action.Link) })
	case action.Answer != nil:
		return w.onServer(action.Answer.Server, func(s *server) error { return s.answer(w, action.Answer) })
	case action.Set != nil:
		return w.onServer(action.Set.Server, func(s *server) error { return s.setValues(w, action.Set) })
	case action.Discovery != nil:
		return w.onServer(action.Discovery.Server, func(s *server) error { return s.lie(w, action.Discovery.Lies) })
	case action.TLS != nil:
		return w.onServer(action.TLS.Server, func(s *server) error { return s.setTLS(w, action.TLS.TLS) })
	case action.Rotate != nil:
		return w.onServer(action.Rotate.Server, func(s *server) error { return s.harness.Rotate(action.Rotate.Reload) })
	case action.CABundle != nil:
		return w.onServer(action.CABundle.Server, func(s *server) error { return w.setCABundle(ctx, s, action.CABundle) })
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
	case action.Traffic != nil:
		return w.startTraffic(ctx, action.Traffic)
	case action.FrontProxy != nil:
		return w.setFrontProxy(action.FrontProxy)
	case action.Stop != nil:
		return w.stop(ctx, w.process(action.Stop))
	case action.Start != nil:
		return w.start(ctx, w.process(action.Start))
	case action.Restart != nil:
		return w.process(action.Restart).restart(ctx)
	case action.Pause != nil:
		return w.pause(w.process(action.Pause))
	case action.Resume != nil:
		p := w.process(action.Resume)
		return w.bring(p.name, p.resume)
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
