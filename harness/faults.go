// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/aggtest/aggtest/harness/network"
)

// Link is the way from every kube-apiserver to one replica, or to all of them
// when replica is -1.
func (s *Server) Link(replica int) network.Link {
	if replica < 0 {
		return network.Link{To: s.config.Name}
	}
	return network.Link{To: s.replicaName(replica)}
}

// Cut closes the open connections to one replica, or to all of them when
// replica is -1, and returns how many there were.
func (s *Server) Cut(replica int) int { return s.cluster.network.Cut(s.Link(replica)) }

// Refuse refuses new connections to one replica, or to all of them when replica
// is -1, until undo is called.
func (s *Server) Refuse(replica int) (undo func()) {
	return s.cluster.network.Refuse(s.Link(replica))
}

// Touch changes an annotation of the Service, upon which the aggregator checks
// the availability of its APIServices at once and without back-off
// (k8s.io/kube-aggregator@v0.37.2/pkg/controllers/status/remote/remote_available_controller.go:546).
func (s *Server) Touch(ctx context.Context) error {
	_, err := s.cluster.client.CoreV1().Services(s.config.Namespace).Patch(ctx, s.config.Service, types.MergePatchType, touchPatch(), metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("touch Service %s/%s: %w", s.config.Namespace, s.config.Service, err)
	}
	return nil
}
