// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// Installed is what was given, on a cluster.
type Installed struct {
	world *world
}

// Install puts what is given on a cluster: the namespaces, the objects, the
// servers side by side, and then the APIServices. It does not wait until they
// serve, for they may be given so that they cannot. When it fails, what it had
// made is gone again.
//
// Defaults must be set: [v1alpha1.Load] does it, and [v1alpha1.SetDefaults].
func Install(ctx context.Context, cluster *harness.Cluster, given v1alpha1.Given) (*Installed, error) {
	c, err := connect(cluster)
	if err != nil {
		return nil, err
	}
	installed := &Installed{world: newWorld(c, given.Users)}
	if err := installed.world.install(ctx, &given); err != nil {
		return nil, errors.Join(err, installed.Close(ctx))
	}
	return installed, nil
}

// Server is an installed server by its name, or nil.
func (i *Installed) Server(name string) *harness.Server {
	s, err := i.world.server(name)
	if err != nil {
		return nil
	}
	return s.harness
}

// Close takes away what [Install] made, in reverse, within a minute even when
// ctx is done. A second Close does nothing.
func (i *Installed) Close(ctx context.Context) error {
	err := i.world.undo.unwind(ctx)
	i.world.close()
	return err
}

// install makes what is given. What it made is on the undo stack, also when it
// fails.
func (w *world) install(ctx context.Context, given *v1alpha1.Given) error {
	names := slices.Clone(given.Namespaces)
	for _, s := range given.Servers {
		names = append(names, s.Namespace)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := w.makeNamespace(ctx, name); err != nil {
			return fmt.Errorf("given: %w", err)
		}
	}
	if err := w.startNodes(ctx, given); err != nil {
		return fmt.Errorf("given: start the nodes: %w", err)
	}
	for _, object := range given.Objects {
		if err := w.apply(ctx, object); err != nil {
			return fmt.Errorf("given: apply %s: %w", address(object.Reference()), err)
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, s := range given.Servers {
		group.Go(func() error { return w.startServer(groupCtx, s) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("given: %w", err)
	}
	for _, service := range given.APIServices {
		if err := w.register(ctx, &service); err != nil {
			return fmt.Errorf("given: %w", err)
		}
	}
	return nil
}

func (w *world) startServer(ctx context.Context, given v1alpha1.Server) error {
	handler, err := handlerOf(given)
	if err != nil {
		return fmt.Errorf("server %s: %w", given.Name, err)
	}
	if given.Fixture == v1alpha1.FixtureMetrics {
		if err := w.offerValues(ctx, given); err != nil {
			return fmt.Errorf("server %s: %w", given.Name, err)
		}
	}
	installed, err := w.cluster.Install(ctx, harness.ServerConfig{
		Name: given.Name, Namespace: given.Namespace, Service: given.Service, Port: given.Port, Replicas: given.Replicas,
		Pods: given.Pods, EndpointsFromPods: given.EndpointsFromPods, TLS: tlsOf(given.TLS), Certificate: givenFault(given.Certificate), Rules: rulesOf(given), Handler: handler,
	})
	if err != nil {
		return err
	}
	w.undo.push("server "+given.Name, installed.Close)
	if given.Certificate == v1alpha1.CertificateMissing {
		if err := installed.SetCertificateOf(-1, orderOf(given.Certificate, 0)); err != nil {
			return err
		}
	}
	s := newServer(given, installed)
	if err := w.learnAddresses(ctx, s); err != nil {
		return fmt.Errorf("server %s: %w", given.Name, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.servers[given.Name] = s
	return nil
}

// register creates the APIService of a given server, and undoes it by taking it
// away from every kube-apiserver.
func (w *world) register(ctx context.Context, given *v1alpha1.APIService) error {
	s, err := w.server(given.Server)
	if err != nil {
		return err
	}
	service := harness.APIService{
		Group: given.Group, Version: given.Version, Server: s.harness,
		GroupPriorityMinimum: given.GroupPriorityMinimum, VersionPriority: given.VersionPriority,
		InsecureSkipTLSVerify: given.InsecureSkipTLSVerify, Port: given.Port,
	}
	service.NoCABundle = given.CABundle == v1alpha1.CABundleNone
	if service.CABundle, err = s.caBundle(given.CABundle); err != nil {
		return err
	}
	w.follow(service.Name())
	if err := w.cluster.Register(ctx, service); err != nil {
		return err
	}
	w.undo.push("APIService "+service.Name(), func(ctx context.Context) error { return w.cluster.Unregister(ctx, service.Name()) })
	return nil
}
