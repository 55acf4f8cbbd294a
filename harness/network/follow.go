// SPDX-License-Identifier: Apache-2.0

package network

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Follow watches the Services and EndpointSlices of the cluster, in all
// namespaces, until the network is closed, and returns when all that exist are
// known. The client must be allowed to list and watch both. A network follows
// one cluster; when Follow was in vain it may be tried again.
func (n *Network) Follow(ctx context.Context, client kubernetes.Interface) error {
	n.following.Lock()
	defer n.following.Unlock()
	n.mu.Lock()
	closed, followed := n.closed, n.cluster != nil
	n.mu.Unlock()
	switch {
	case closed:
		return fmt.Errorf("follow the cluster's Services: %w", errClosed)
	case followed:
		return errors.New("follow the cluster's Services: a cluster is followed already")
	}

	factory := informers.NewSharedInformerFactory(client, 0)
	var trouble trouble
	services, err := n.prepare(factory.Core().V1().Services().Informer(), byClusterIP, indexClusterIPs, &trouble)
	if err != nil {
		return err
	}
	slices, err := n.prepare(factory.Discovery().V1().EndpointSlices().Informer(), byService, indexSlices, &trouble)
	if err != nil {
		return err
	}

	running, stop := context.WithCancel(n.ctx)
	factory.StartWithContext(running)
	waiting, done := context.WithCancel(ctx)
	defer done()
	defer context.AfterFunc(n.ctx, done)()
	if err := factory.WaitForCacheSyncWithContext(waiting).AsError(); err != nil {
		stop()
		factory.Shutdown()
		if last := trouble.get(); last != nil {
			return fmt.Errorf("follow the cluster's Services: %w; last error of the watch: %w", err, last)
		}
		return fmt.Errorf("follow the cluster's Services: %w", err)
	}
	n.mu.Lock()
	n.cluster = &cluster{services: services, slices: slices, turns: map[turn]int{}}
	n.mu.Unlock()
	n.stopFollowing = func() {
		stop()
		factory.Shutdown()
	}
	n.changed.send()
	return nil
}

// unfollow ends what Follow began, and waits for it. It is called when the
// network is closed.
func (n *Network) unfollow() {
	n.following.Lock()
	defer n.following.Unlock()
	if n.stopFollowing != nil {
		n.stopFollowing()
	}
}

// prepare gives an informer an index, and has it wake the dials that wait.
func (n *Network) prepare(informer cache.SharedIndexInformer, index string, by cache.IndexFunc, trouble *trouble) (cache.Indexer, error) {
	if err := informer.AddIndexers(cache.Indexers{index: by}); err != nil {
		return nil, fmt.Errorf("index by %s: %w", index, err)
	}
	if err := informer.SetWatchErrorHandlerWithContext(trouble.handle); err != nil {
		return nil, fmt.Errorf("watch the errors of a watch: %w", err)
	}
	wake := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { n.changed.send() },
		UpdateFunc: func(any, any) { n.changed.send() },
		DeleteFunc: func(any) { n.changed.send() },
	}
	if _, err := informer.AddEventHandler(wake); err != nil {
		return nil, fmt.Errorf("listen to a watch: %w", err)
	}
	return informer.GetIndexer(), nil
}

// trouble keeps the last error of a watch, which would otherwise only be logged
// while Follow waits.
type trouble struct {
	mu   sync.Mutex
	last error
}

func (t *trouble) handle(ctx context.Context, reflector *cache.Reflector, err error) {
	t.mu.Lock()
	t.last = err
	t.mu.Unlock()
	cache.DefaultWatchErrorHandler(ctx, reflector, err)
}

func (t *trouble) get() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}
