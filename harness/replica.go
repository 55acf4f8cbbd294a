// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// targetPort is where the replicas listen in the virtual network. It is not
	// the Service's port, so that a mix-up of the two shows.
	targetPort = 6443
	// handshakeTimeout ends connections that never send a request, as a server
	// on k8s.io/apiserver does: k8s.io/apiserver@v0.37.2/pkg/server/secure_serving.go.
	handshakeTimeout = 32 * time.Second
	// streamsPerConnection is what servers with k8s.io/apiserver's recommended
	// options allow: k8s.io/apiserver@v0.37.2/pkg/server/options/recommended.go:62.
	streamsPerConnection = 1000
)

// replica is one endpoint of a server: a handler and the listener at its address
// in the virtual network, or a program and the way there.
type replica struct {
	name    string
	address netip.Addr
	// One of the two is set.
	handler http.Handler
	program *program
	shown   atomic.Pointer[shown]
	tls     atomic.Pointer[tls.Config]
}

func (s *Server) replicaName(index int) string { return fmt.Sprintf("%s/%d", s.config.Name, index) }

func (s *Server) startReplicas(ctx context.Context, kubeconfig string) error {
	s.replicas = make([]*replica, s.config.Replicas)
	if s.config.Command != nil {
		return s.startPrograms(ctx, kubeconfig)
	}
	return s.startHandlers(ctx, kubeconfig)
}

// startHandlers makes the handlers side by side, since an extension server
// spends most of its start waiting for its informers.
func (s *Server) startHandlers(ctx context.Context, kubeconfig string) error {
	group, groupCtx := errgroup.WithContext(ctx)
	for i := range s.replicas {
		// In their order, which people look at.
		address := s.cluster.network.AllocateEndpoint()
		group.Go(func() error {
			handler, err := s.config.Handler(groupCtx, Environment{
				Server: s.config.Name, Replica: i, Kubeconfig: kubeconfig,
				EtcdServers: []string{s.cluster.Etcd()}, Log: s.log,
			})
			if err != nil {
				return fmt.Errorf("start replica %d: %w", i, err)
			}
			s.replicas[i] = &replica{name: s.replicaName(i), address: address, handler: handler}
			if closer, ok := handler.(io.Closer); ok {
				s.onClose(func(context.Context) error { return closer.Close() })
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := s.SetCertificate(s.config.Certificate); err != nil {
		return err
	}
	if err := s.SetTLS(s.config.TLS); err != nil {
		return err
	}
	for _, r := range s.replicas {
		if err := s.serve(r); err != nil {
			return err
		}
	}
	return nil
}

// serve answers at the replica's address until the server is closed.
func (s *Server) serve(r *replica) error {
	listener, err := s.cluster.network.Listen(r.name, netip.AddrPortFrom(r.address, targetPort))
	if err != nil {
		return fmt.Errorf("listen for %s: %w", r.name, err)
	}
	server := &http.Server{
		Handler:           s.record(r),
		ReadHeaderTimeout: handshakeTimeout,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: streamsPerConnection},
		ErrorLog:          log.New(s.log, "", log.LstdFlags),
		TLSConfig: &tls.Config{
			GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return r.tls.Load(), nil },
		},
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(listener, "", "") }()
	s.onClose(func(context.Context) error {
		// Close, not Shutdown: a watch would hold a graceful stop for as long
		// as it is open, and there is nothing to lose.
		closeErr := server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			return errors.Join(closeErr, err)
		}
		return nil
	})
	return nil
}
