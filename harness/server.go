// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/aggtest/aggtest/harness/pki"
)

const (
	defaultNamespace   = "custom-system"
	defaultServicePort = 443
)

// ServerConfig describes an extension API server to put behind a Service. Name
// and one of Handler and Command must be set.
type ServerConfig struct {
	// Name of the server: it is in the timeline, in the names of its objects,
	// and the Service's name unless Service is set.
	Name string
	// Namespace of the Service, which is made when it is missing. Empty means
	// custom-system.
	Namespace string
	// Service is the Service's name. Empty means Name.
	Service string
	// Port of the Service. 0 means 443.
	Port int32
	// Replicas is how many endpoints the Service gets, each with a handler or a
	// process of its own. 0 means 1.
	Replicas int
	// Pods shows each replica as a running Pod, labelled app: <name> as by a
	// Deployment, that has the replica's address: <name>-0 and so on, in the
	// Service's namespace. [Server.SetReady] makes the Pods ready or not as well.
	// Without EndpointsFromPods they are on no Node.
	Pods bool
	// EndpointsFromPods gives the Service a selector and leaves its EndpointSlices
	// to a controller: the endpointslice-controller of a kube-controller-manager,
	// without which the Service has no endpoints. It implies Pods, which are then
	// on a Node of the server's own, aggtest-<name>: the controller leaves out
	// Pods whose Node is not there
	// (k8s.io/endpointslice@v0.37.2/reconciler.go:208-226).
	EndpointsFromPods bool
	// Rules are cluster-wide rights of the server's own identity beside what
	// every server behind the aggregator is given: the ClusterRole
	// system:auth-delegator, and in kube-system the Role
	// extension-apiserver-authentication-reader.
	Rules []rbacv1.PolicyRule
	// Certificate is what is wrong with the serving certificate. Empty means
	// nothing.
	Certificate pki.Fault
	// TLS is how the replicas terminate TLS. The zero value is what most servers
	// do. It is not for a Command, whose TLS is its own.
	TLS TLS
	// Handler makes the handler of one replica. One that is an [io.Closer] is
	// closed when the server is.
	Handler func(ctx context.Context, env Environment) (http.Handler, error)
	// Command is the program of each replica, which serves TLS by itself. Its
	// requests are its own affair and not on the timeline; the connections are,
	// and so are its start and its end. What it writes is the server's log.
	Command *Command
}

// Environment is what a replica is given to work with.
type Environment struct {
	// Server is the server's name and Replica its number, from 0.
	Server  string
	Replica int
	// Kubeconfig is the path of a file with the server's own identity, a
	// ServiceAccount's name with just the rights that ServerConfig gives it.
	Kubeconfig string
	// EtcdServers are the URLs of the control plane's etcd.
	EtcdServers []string
	// Log is kept as the server's log.
	Log io.Writer
}

// Handler makes every replica answer with h.
func Handler(h http.Handler) func(context.Context, Environment) (http.Handler, error) {
	return func(context.Context, Environment) (http.Handler, error) { return h, nil }
}

func (c ServerConfig) withDefaults() ServerConfig {
	c.Namespace = orDefault(c.Namespace, defaultNamespace)
	c.Service = orDefault(c.Service, c.Name)
	c.Port = orDefault(c.Port, defaultServicePort)
	c.Replicas = orDefault(c.Replicas, 1)
	c.Pods = c.Pods || c.EndpointsFromPods
	return c
}

func (c ServerConfig) validate() error {
	var problems []error
	switch {
	case c.Handler == nil && c.Command == nil:
		problems = append(problems, errors.New("handler must be set, or command"))
	case c.Handler != nil && c.Command != nil:
		problems = append(problems, errors.New("handler and command exclude each other"))
	case c.Command != nil:
		if err := c.Command.validate(c.Replicas); err != nil {
			problems = append(problems, fmt.Errorf("command: %w", err))
		}
		if !c.TLS.isZero() {
			problems = append(problems, fmt.Errorf("TLS: %w", errOwnTLS))
		}
	}
	for _, name := range []struct{ field, value string }{{"name", c.Name}, {"service", c.Service}, {"namespace", c.Namespace}} {
		for _, problem := range validation.IsDNS1035Label(name.value) {
			problems = append(problems, fmt.Errorf("%s %q: %s", name.field, name.value, problem))
		}
	}
	if c.Replicas < 0 {
		problems = append(problems, fmt.Errorf("replicas %d: must not be negative", c.Replicas))
	}
	if err := c.TLS.validate(); err != nil {
		problems = append(problems, fmt.Errorf("TLS: %w", err))
	}
	return errors.Join(problems...)
}

// Server is an extension API server that stands behind a Service.
type Server struct {
	cluster  *Cluster
	config   ServerConfig
	log      *ring
	replicas []*replica
	// clusterIP is the Service's. Empty when it has none.
	clusterIP string
	// ending ends when the server is closed. Nil unless it is a command.
	ending context.Context

	mu sync.Mutex
	// authority signs the server's good certificates, previous did so before the
	// last rotation, other never does.
	authority, previous, other *pki.Authority
	rotations                  int
	tls                        TLS
	direct                     directClients
	undo                       []func(context.Context) error
}

// Install starts the server's replicas and makes their Service, their
// EndpointSlice, a certificate for the Service's name, and an identity with the
// rights of cfg. It returns when a server that is a [Command] is ready. The server is not registered with the aggregator: see
// [Cluster.Register]. When it fails, what it had made is gone again.
func (c *Cluster) Install(ctx context.Context, cfg ServerConfig) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("install server %q: %w", cfg.Name, err)
	}
	if err := c.claim(cfg.Name); err != nil {
		return nil, fmt.Errorf("install server %q: %w", cfg.Name, err)
	}
	s := &Server{cluster: c, config: cfg, log: newRing(logLinesKept)}
	if err := s.install(ctx); err != nil {
		err = fmt.Errorf("install server %q: %w", cfg.Name, err)
		if undoErr := s.Close(context.WithoutCancel(ctx)); undoErr != nil {
			err = errors.Join(err, undoErr)
		}
		return nil, err
	}
	return s, nil
}

func (s *Server) install(ctx context.Context) error {
	s.onClose(func(context.Context) error { s.cluster.release(s.config.Name, s); return nil })
	s.cluster.keep(s)
	authority, err := pki.NewAuthority(s.config.Name + "-ca")
	if err != nil {
		return err
	}
	s.authority = authority
	if err := s.cluster.ensureNamespace(ctx, s.config.Namespace); err != nil {
		return err
	}
	kubeconfig, err := s.makeIdentity(ctx)
	if err != nil {
		return err
	}
	if err := s.startReplicas(ctx, kubeconfig); err != nil {
		return err
	}
	if err := s.makePods(ctx); err != nil {
		return err
	}
	if err := s.makeService(ctx); err != nil {
		return err
	}
	s.onClose(s.closeDirectClients)
	return nil
}

// onClose has f run when the server is closed; the last one first.
func (s *Server) onClose(f func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.undo = append(s.undo, f)
}

// Close takes the server away: its Service, EndpointSlice, Pods, identity and
// listeners, and the processes of a [Command], which are told to end and waited
// for. An APIService that names it stays, and so does the namespace. A second
// Close does nothing.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	undo := s.undo
	s.undo = nil
	s.mu.Unlock()
	var errs []error
	for i := len(undo) - 1; i >= 0; i-- {
		errs = append(errs, undo[i](ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("take server %q away: %w", s.config.Name, err)
	}
	return nil
}

// Name is the server's name.
func (s *Server) Name() string { return s.config.Name }

// Namespace is the Service's namespace.
func (s *Server) Namespace() string { return s.config.Namespace }

// Service is the Service's name.
func (s *Server) Service() string { return s.config.Service }

// Port is the Service's port.
func (s *Server) Port() int32 { return s.config.Port }

// Handlers returns the replicas' handlers, as ServerConfig.Handler made them. They
// are nil when the server is a [Command].
func (s *Server) Handlers() []http.Handler {
	handlers := make([]http.Handler, len(s.replicas))
	for i, r := range s.replicas {
		handlers[i] = r.handler
	}
	return handlers
}

// Tail returns the last n lines of the server's log.
func (s *Server) Tail(n int) []string { return s.log.tail(n) }
