// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregatorclient "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"github.com/aggtest/aggtest/harness/timeline"
)

// observer watches the APIServices through one kube-apiserver and records each
// condition that changed.
type observer struct {
	apiServer string
	timeline  *timeline.Timeline
	changed   func()
	informer  cache.SharedIndexInformer
	done      chan struct{}
}

// observe returns when the watch has seen what there is, or ctx has ended. The
// watch itself ends with life; wait waits for that.
func observe(ctx, life context.Context, apiServer string, config *rest.Config, tl *timeline.Timeline, changed func()) (*observer, error) {
	client, err := aggregatorclient.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("watch APIServices through %s: %w", apiServer, err)
	}
	source := cache.NewListWatchFromClient(client.ApiregistrationV1().RESTClient(), "apiservices", "", fields.Everything())
	o := &observer{
		apiServer: apiServer,
		timeline:  tl,
		changed:   changed,
		informer:  cache.NewSharedIndexInformer(source, &apiregistrationv1.APIService{}, 0, cache.Indexers{}),
		done:      make(chan struct{}),
	}
	if _, err := o.informer.AddEventHandler(o); err != nil {
		return nil, fmt.Errorf("watch APIServices through %s: %w", apiServer, err)
	}
	go func() {
		defer close(o.done)
		o.informer.RunWithContext(life)
	}()
	if !cache.WaitForCacheSync(ctx.Done(), o.informer.HasSynced) {
		return o, fmt.Errorf("watch APIServices through %s: %w", apiServer, causeOf(ctx))
	}
	return o, nil
}

func (o *observer) wait() { <-o.done }

// get returns the APIService as the watch shows it, which is the cache's own
// object: callers copy it before they give it away.
func (o *observer) get(name string) *apiregistrationv1.APIService {
	object, found, err := o.informer.GetStore().GetByKey(name)
	if err != nil || !found {
		return nil
	}
	return object.(*apiregistrationv1.APIService)
}

// list returns all APIServices as the watch shows them: the cache's own objects.
func (o *observer) list() []*apiregistrationv1.APIService {
	var services []*apiregistrationv1.APIService
	for _, object := range o.informer.GetStore().List() {
		services = append(services, object.(*apiregistrationv1.APIService))
	}
	return services
}

// OnAdd records the conditions of a new APIService. Those that kube-apiserver
// itself registers at its start say nothing and are left out.
func (o *observer) OnAdd(object any, initial bool) {
	service, ok := object.(*apiregistrationv1.APIService)
	if !ok || initial && service.Spec.Service == nil {
		return
	}
	o.record(nil, service)
}

// OnUpdate records what changed of the conditions.
func (o *observer) OnUpdate(before, after any) {
	old, okOld := before.(*apiregistrationv1.APIService)
	service, ok := after.(*apiregistrationv1.APIService)
	if ok && okOld {
		o.record(old, service)
	}
}

// OnDelete records that the APIService has gone.
func (o *observer) OnDelete(object any) {
	if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	if service, ok := object.(*apiregistrationv1.APIService); ok {
		o.timeline.Record(timeline.ConditionChange{APIServer: o.apiServer, APIService: service.Name, Type: string(apiregistrationv1.Available)})
		o.changed()
	}
}

func (o *observer) record(before, after *apiregistrationv1.APIService) {
	earlier := map[apiregistrationv1.APIServiceConditionType]timeline.ConditionChange{}
	if before != nil {
		for _, condition := range before.Status.Conditions {
			earlier[condition.Type] = o.change(before.Name, condition)
		}
	}
	for _, condition := range after.Status.Conditions {
		if now := o.change(after.Name, condition); now != earlier[condition.Type] {
			o.timeline.Record(now)
		}
	}
	o.changed()
}

func (o *observer) change(name string, condition apiregistrationv1.APIServiceCondition) timeline.ConditionChange {
	return timeline.ConditionChange{
		APIServer: o.apiServer, APIService: name, Type: string(condition.Type),
		Status: string(condition.Status), Reason: condition.Reason, Message: condition.Message,
	}
}

// signal wakes everybody who waits for a change.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) raise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
