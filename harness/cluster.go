// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregatorclient "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"github.com/aggtest/aggtest/harness/internal/controlplane"
	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/harness/pki"
	"github.com/aggtest/aggtest/harness/timeline"
)

// closeTimeout bounds the taking away of the servers' objects when a cluster
// closes. They go with the control plane anyway; the bound is for a
// kube-apiserver that answers no more.
const closeTimeout = 10 * time.Second

// Cluster is a control plane with its virtual network, and the servers that
// were put behind it. Its methods may be called by several goroutines.
type Cluster struct {
	config     Config
	kubectl    string
	pki        *pki.ControlPlane
	timeline   *timeline.Timeline
	network    *network.Network
	admin      *pki.Certificate
	record     *controlplane.Record
	plane      *controlplane.ControlPlane
	apiServers []APIServer
	// controllers is nil without a kube-controller-manager.
	controllers *controllerManager
	configs     []*rest.Config
	clients     []*http.Client
	gates       []*gate
	observers   []*observer
	stop        context.CancelFunc
	changed     signal

	client     kubernetes.Interface
	aggregator aggregatorclient.Interface

	mu          sync.Mutex
	kubeconfigs map[string]string
	names       map[string]bool
	servers     []*Server
	// frontProxyFaults is what is wrong with each kube-apiserver's front-proxy
	// certificate.
	frontProxyFaults map[int]pki.Fault
	closeOnce        sync.Once
	closeErr         error
}

// APIServer is one kube-apiserver of a cluster.
type APIServer struct {
	// Name is kube-apiserver- and a number from 0.
	Name string
	// URL is where it listens, on loopback.
	URL string

	index int
	tail  func(n int) []string
}

// Tail returns the last n lines of the kube-apiserver's log.
func (a APIServer) Tail(n int) []string { return a.tail(n) }

// Version is the control plane's Kubernetes version, such as v1.37.2.
func (c *Cluster) Version() string { return c.config.Kubernetes }

// Dir is the directory of the run. What is written there goes when the cluster
// closes, and is swept by the next one when the process was killed.
func (c *Cluster) Dir() string { return c.plane.Dir() }

// Timeline is the record of all that happens on the cluster.
func (c *Cluster) Timeline() *timeline.Timeline { return c.timeline }

// Network is the cluster's virtual network.
func (c *Cluster) Network() *network.Network { return c.network }

// APIServers lists the kube-apiservers.
func (c *Cluster) APIServers() []APIServer { return slices.Clone(c.apiServers) }

// Etcd is the URL of the etcd, on loopback.
func (c *Cluster) Etcd() string { return c.plane.Etcd().URL() }

// APIService returns the APIService as a watch through one kube-apiserver,
// counted from 0, shows it now, or nil when it shows none. The caller owns the
// copy.
func (c *Cluster) APIService(apiServer int, name string) *apiregistrationv1.APIService {
	return c.observers[apiServer].get(name).DeepCopy()
}

// Changed returns a channel that is closed at the next change of any APIService
// as any kube-apiserver shows it. Ask for it before you look, so that no change
// is missed in between.
func (c *Cluster) Changed() <-chan struct{} { return c.changed.wait() }

// Close takes all servers away, ends the control plane and removes what it had
// written, whether its kube-apiservers run, are stopped or are paused. A second
// Close returns what the first one did.
func (c *Cluster) Close() error {
	c.closeOnce.Do(func() { c.closeErr = c.close() })
	return c.closeErr
}

func (c *Cluster) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	c.mu.Lock()
	servers := slices.Clone(c.servers)
	c.mu.Unlock()
	var errs []error
	// Without the first kube-apiserver the servers' objects cannot be deleted,
	// and need not be: they go with etcd.
	objectsStay := c.away(0)
	if objectsStay {
		cancel()
	}
	// It would else try to mend what goes.
	if c.controllers != nil {
		errs = append(errs, c.controllers.stop())
	}
	for _, server := range slices.Backward(servers) {
		err := server.Close(ctx)
		if objectsStay {
			err = without(err, context.Canceled)
		}
		errs = append(errs, err)
	}
	if c.stop != nil {
		c.stop()
	}
	for _, observer := range c.observers {
		observer.wait()
	}
	// The network goes first: its watches would complain of a kube-apiserver
	// that went before them.
	if c.network != nil {
		errs = append(errs, c.network.Close())
	}
	if c.plane != nil {
		errs = append(errs, c.plane.Stop())
	}
	if c.record != nil {
		errs = append(errs, c.record.Close())
	}
	for _, client := range c.clients {
		client.CloseIdleConnections()
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close cluster: %w", err)
	}
	return nil
}

// without leaves those of one kind out of errors that were joined. What was
// wrapped around a join goes with them.
func without(err, kind error) error {
	if err == nil || !errors.Is(err, kind) {
		return err
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		joined, ok := inner.(interface{ Unwrap() []error })
		if !ok {
			continue
		}
		var rest []error
		for _, one := range joined.Unwrap() {
			rest = append(rest, without(one, kind))
		}
		return errors.Join(rest...)
	}
	return nil
}

// claim reserves a server's name, so that two servers cannot share a place in
// the timeline and in the network.
func (c *Cluster) claim(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.names[name] {
		return fmt.Errorf("a server of that name is installed already")
	}
	c.names[name] = true
	return nil
}

func (c *Cluster) keep(server *Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.servers = append(c.servers, server)
}

func (c *Cluster) release(name string, server *Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.names, name)
	c.servers = slices.DeleteFunc(c.servers, func(s *Server) bool { return s == server })
}
