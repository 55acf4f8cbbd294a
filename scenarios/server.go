// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"sync"

	"github.com/aggtest/aggtest/fixtures/scripted"
	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/pki"
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
	fault     pki.Fault
	ready     int
	// refusals take back the refusing of connections that is still on.
	refusals map[int]func()
	next     int
}

func newServer(given v1alpha1.Server, installed *harness.Server) *server {
	return &server{
		given: given, harness: installed, addresses: map[string]bool{},
		fault: faultOf(given.Certificate), ready: max(given.Replicas, 1), refusals: map[int]func(){},
	}
}

// faultOf is the name that the pki package has for a fault.
func faultOf(fault v1alpha1.CertificateFault) pki.Fault {
	if fault == v1alpha1.CertificateGood {
		return ""
	}
	return pki.Fault(fault)
}

func (s *server) setCertificate(w *world, fault v1alpha1.CertificateFault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.fault
	if err := s.certify(faultOf(fault)); err != nil {
		return err
	}
	w.undo.push("certificate of "+s.given.Name, func(context.Context) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.certify(before)
	})
	return nil
}

func (s *server) certify(fault pki.Fault) error {
	if err := s.harness.SetCertificate(fault); err != nil {
		return err
	}
	s.fault = fault
	return nil
}

// checkReplica refuses the number of a replica that is not there.
func (s *server) checkReplica(r *v1alpha1.ServerReference) (int, error) {
	if r.Replica == nil {
		return -1, nil
	}
	if replicas := max(s.given.Replicas, 1); *r.Replica < 0 || *r.Replica >= replicas {
		return 0, fmt.Errorf("server %s has no replica %d: it has %d, counted from 0", s.given.Name, *r.Replica, replicas)
	}
	return *r.Replica, nil
}

func (s *server) cut(r *v1alpha1.ServerReference) error {
	replica, err := s.checkReplica(r)
	if err != nil {
		return err
	}
	s.harness.Cut(replica)
	return nil
}

func (s *server) refuse(w *world, r *v1alpha1.ServerReference) error {
	replica, err := s.checkReplica(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.next
	s.next++
	s.refusals[id] = s.harness.Refuse(replica)
	w.undo.push("refuse "+s.given.Name, func(context.Context) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.accept(id)
		return nil
	})
	return nil
}

// accept takes one refusal back, once.
func (s *server) accept(id int) {
	if undo, on := s.refusals[id]; on {
		delete(s.refusals, id)
		undo()
	}
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

func (s *server) answer(w *world, answer v1alpha1.Answer) error {
	replicas, err := s.scripted()
	if err != nil {
		return err
	}
	said := scriptedAnswer(answer)
	if err := said.Validate(); err != nil {
		return err
	}
	for _, replica := range replicas {
		undo := replica.Answer(said)
		w.undo.push("answer of "+s.given.Name, func(context.Context) error {
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
	if err := s.certify(""); err != nil {
		return err
	}
	for id := range s.refusals {
		s.accept(id)
	}
	if s.given.Fixture == v1alpha1.FixtureScripted {
		replicas, err := s.scripted()
		if err != nil {
			return err
		}
		for _, replica := range replicas {
			replica.Reset()
		}
	}
	s.ready = max(s.given.Replicas, 1)
	return ignoreNotFound(s.harness.SetReady(ctx, s.ready))
}

func (s *server) scripted() ([]*scripted.Server, error) {
	var replicas []*scripted.Server
	for _, handler := range s.harness.Handlers() {
		replica, ok := handler.(*scripted.Server)
		if !ok {
			return nil, fmt.Errorf("server %s answers by its own rules: only a server of the scripted fixture can be told what to say", s.given.Name)
		}
		replicas = append(replicas, replica)
	}
	return replicas, nil
}
