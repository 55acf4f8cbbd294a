// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/aggtest/aggtest/harness/timeline"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// world is a control plane as one scenario sees it: its servers, its users, and
// what takes its changes back.
type world struct {
	*connection
	undo undoStack
	// users by their name.
	users map[string]v1alpha1.User
	// began and mark are the moment from which on the timeline concerns the
	// scenario.
	began time.Time
	mark  timeline.Mark
	// exclusive is true when nobody else runs on the control plane meanwhile.
	exclusive bool

	mu      sync.Mutex
	servers map[string]*server
	// backgrounds are the requests that are repeated, by name.
	backgrounds map[string]*background
	// backs bring back the processes that are stopped or paused, by name.
	backs map[string]func(context.Context) error
	// steps are the moments at which the steps began, and intervals what was
	// measured.
	steps     []time.Time
	intervals map[string]time.Duration
	// watched are the APIServices that the scenario made or looked at, in order.
	watched []string
	// noted is what this scenario itself put on the timeline.
	noted []timeline.Entry
	// kinds remembers the resources that were found. Which kind has which
	// resource does not change in a scenario; whether it is served does.
	kinds map[schema.GroupVersionKind]mapping
}

type mapping struct {
	resource   string
	namespaced bool
}

func newWorld(c *connection, users []v1alpha1.User) *world {
	w := &world{
		connection: c,
		users:      map[string]v1alpha1.User{},
		servers:    map[string]*server{},
		intervals:  map[string]time.Duration{},
		kinds:      map[schema.GroupVersionKind]mapping{},
		began:      time.Now(),
		mark:       c.cluster.Timeline().Mark(),
	}
	for _, user := range users {
		w.users[user.Name] = user
	}
	return w
}

// user gives the identity of a given user, and the administrator's for no name.
func (w *world) user(name string) (v1alpha1.User, error) {
	if name == "" {
		return v1alpha1.User{}, nil
	}
	user, ok := w.users[name]
	if !ok {
		return v1alpha1.User{}, fmt.Errorf("there is no given user %q", name)
	}
	return user, nil
}

func (w *world) server(name string) (*server, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	server, ok := w.servers[name]
	if !ok {
		return nil, fmt.Errorf("there is no given server %q", name)
	}
	return server, nil
}

// follow has the evidence show an APIService.
func (w *world) follow(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, known := range w.watched {
		if known == name {
			return
		}
	}
	w.watched = append(w.watched, name)
}

// record puts an action on the timeline, and among what this scenario did, since
// the timeline is shared by all that run on the control plane. There it stands at
// the moment when it began, before its effects.
func (w *world) record(began time.Time, what string, err error) {
	action := timeline.Action{What: what}
	if err != nil {
		action.Err = err.Error()
	}
	w.note(began, action)
}

// objects gives the client for the objects of a reference's kind.
func (w *world) objects(ctx context.Context, r v1alpha1.ObjectReference) (dynamic.ResourceInterface, error) {
	gv, err := schema.ParseGroupVersion(r.APIVersion)
	if err != nil {
		return nil, fmt.Errorf("read apiVersion %q: %w", r.APIVersion, err)
	}
	gvk := gv.WithKind(r.Kind)
	w.mu.Lock()
	found, known := w.kinds[gvk]
	w.mu.Unlock()
	if !known {
		if found.resource, found.namespaced, err = w.resourceOf(ctx, gvk); err != nil {
			return nil, err
		}
		w.mu.Lock()
		w.kinds[gvk] = found
		w.mu.Unlock()
	}
	resource := w.dynamic.Resource(gv.WithResource(found.resource))
	if !found.namespaced {
		return resource, nil
	}
	namespace := r.Namespace
	if namespace == "" {
		namespace = "default"
	}
	return resource.Namespace(namespace), nil
}

// address is how people name an object.
func address(r v1alpha1.ObjectReference) string {
	if r.Namespace != "" {
		return fmt.Sprintf("%s %s/%s", r.Kind, r.Namespace, r.Name)
	}
	return fmt.Sprintf("%s %s", r.Kind, r.Name)
}

// apiServers gives the numbers of the kube-apiservers that a request goes to:
// the one, or all.
func (w *world) apiServers(one *int) ([]int, error) {
	indexes := make([]int, len(w.cluster.APIServers()))
	for i := range indexes {
		indexes[i] = i
	}
	if one == nil {
		return indexes, nil
	}
	if *one < 0 || *one >= len(indexes) {
		return nil, fmt.Errorf("there is no kube-apiserver %d: the control plane has %d, counted from 0", *one, len(indexes))
	}
	return []int{*one}, nil
}
