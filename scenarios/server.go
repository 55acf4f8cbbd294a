// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"sync"

	"github.com/aggtest/aggtest/fixtures/scripted"
	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// server is a given server that runs, with the faults that are on it.
type server struct {
	given   v1alpha1.Server
	harness *harness.Server

	mu sync.Mutex
	// addresses are the Service's and its endpoints', those of earlier times too.
	// A dial that nobody answered has no other sign of whom it was for.
	addresses map[string]bool
	ready     int
	// links take the faults off the links. Each does so once.
	links []func()
}

func newServer(given v1alpha1.Server, installed *harness.Server) *server {
	return &server{given: given, harness: installed, addresses: map[string]bool{}, ready: max(given.Replicas, 1)}
}

func (s *server) setReady(ctx context.Context, w *world, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.ready
	if err := s.harness.SetReady(ctx, n); err != nil {
		return err
	}
	s.ready = n
	w.undo.push("endpoints of "+s.given.Name, func(ctx context.Context) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ready = before
		return ignoreNotFound(s.harness.SetReady(ctx, before))
	})
	return nil
}

// answerer is a replica that can be told what to say.
type answerer interface {
	Answer(scripted.Answer) (undo func())
	Reset()
}

func (s *server) answer(w *world, a *v1alpha1.AnswerAction) error {
	one, err := s.checkReplica(&v1alpha1.ServerReference{Server: a.Server, Replica: a.Replica})
	if err != nil {
		return err
	}
	said := scriptedAnswer(a.Answer)
	if err := said.Validate(); err != nil {
		return err
	}
	for i, handler := range s.harness.Handlers() {
		replica, ok := handler.(answerer)
		if !ok {
			return fmt.Errorf("server %s answers by its own rules: it cannot be told what to say", s.given.Name)
		}
		if one >= 0 && one != i {
			continue
		}
		undo := replica.Answer(said)
		w.undo.push("answer of "+s.given.Name, func(context.Context) error {
			undo()
			return nil
		})
	}
	return nil
}

// lie changes what a scripted server's discovery documents say wrongly.
func (s *server) lie(w *world, lies []v1alpha1.DiscoveryLie) error {
	for _, handler := range s.harness.Handlers() {
		replica, ok := handler.(*scripted.Server)
		if !ok {
			return fmt.Errorf("server %s is honest: only a server of the scripted fixture lies in its discovery documents", s.given.Name)
		}
		undo := replica.SetLies(liesOf(lies)...)
		w.undo.push("lies of "+s.given.Name, func(context.Context) error {
			undo()
			return nil
		})
	}
	return nil
}

// mend takes every fault off, those that were given too.
func (s *server) mend(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.harness.Reload(); err != nil {
		return err
	}
	if err := s.harness.SetTLS(harness.TLS{}); err != nil {
		return err
	}
	for _, undo := range s.links {
		undo()
	}
	s.links = nil
	for _, handler := range s.harness.Handlers() {
		if replica, ok := handler.(answerer); ok {
			replica.Reset()
		}
	}
	s.ready = max(s.given.Replicas, 1)
	return ignoreNotFound(s.harness.SetReady(ctx, s.ready))
}
