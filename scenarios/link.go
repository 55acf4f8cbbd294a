// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// breakLink puts a fault on a link until the server is mended or the scenario
// ends.
func (s *server) breakLink(w *world, l *v1alpha1.LinkAction) error {
	replica, err := s.checkReplica(&v1alpha1.ServerReference{Server: l.Server, Replica: l.Replica})
	if err != nil {
		return err
	}
	link := s.harness.Link(replica)
	if l.APIServer != nil {
		if _, err := w.apiServers(l.APIServer); err != nil {
			return err
		}
		link.From = w.cluster.APIServers()[*l.APIServer].Name
	}
	link.Port = uint16(l.Port)
	if l.Back {
		link = backward(link)
	}
	undo, err := w.cluster.Network().Break(link, linkFault(l))
	if err != nil {
		return err
	}
	s.hold(w, "link of "+s.given.Name, undo)
	return nil
}

// backward is the way on which the server dials.
func backward(link network.Link) network.Link {
	return network.Link{From: link.To, Port: link.Port}
}

func linkFault(l *v1alpha1.LinkAction) network.Fault {
	return network.Fault{
		Kind: network.Kind(l.Fault), Direction: network.Direction(l.Direction), Connections: network.Connections(l.Connections),
		Next: l.Next, Fraction: l.Fraction, Seed: uint64(l.Seed),
		Delay: time.Duration(l.Delay), Jitter: time.Duration(l.Jitter), BytesPerSecond: l.BytesPerSecond,
		SliceBytes: l.SliceBytes, AfterBytes: l.AfterBytes, Status: l.Status,
	}
}

// hold keeps what takes a fault off, for mend and for the end of the scenario,
// whichever comes first.
func (s *server) hold(w *world, what string, undo func()) {
	once := sync.OnceFunc(undo)
	s.mu.Lock()
	s.links = append(s.links, once)
	s.mu.Unlock()
	w.undo.push(what, func(context.Context) error {
		once()
		return nil
	})
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
	s.hold(w, "refuse "+s.given.Name, s.harness.Refuse(replica))
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
