// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"net"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/aggtest/aggtest/harness/timeline"
	"github.com/aggtest/aggtest/scenarios/internal/expression"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// seeDials looks at the connections that were asked for since the step began.
func (w *world) seeDials(ctx context.Context, of *v1alpha1.DialsOf, step timeline.Mark, t test) sight {
	var s *server
	if of.Server != "" {
		var err error
		if s, err = w.server(of.Server); err != nil {
			return never(err.Error())
		}
		// The scenario may have made the Service anew.
		if err := w.learnAddresses(ctx, s); err != nil {
			return sightOfError(err)
		}
	}
	dials := expression.Dials{}
	ends := map[uint64]timeline.Hangup{}
	for _, entry := range timeline.Of[timeline.Hangup](w.cluster.Timeline(), step) {
		ends[entry.Fact.ID] = entry.Fact
	}
	for _, entry := range timeline.Of[timeline.Dial](w.cluster.Timeline(), step) {
		if dial := entry.Fact; s == nil || s.wasDialed(dial) {
			end, ended := ends[dial.ID]
			dials = append(dials, expression.Dial{
				From: dial.From, Address: dial.Address, To: dial.To, Error: dial.Err,
				Open: dial.ID != 0 && !ended, Ended: end.Reason, Lasted: end.Open,
			})
		}
	}
	now := t.judge(ctx, dials, nil)
	if !now.held {
		now.state = fmt.Sprintf("%s; %s", count(len(dials), "dial"), now.state)
	}
	return now
}

var (
	services       = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	endpointSlices = schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
)

// learnAddresses remembers where the server can be dialed now: at its Service,
// and at its endpoints when the aggregator routes to those itself.
func (w *world) learnAddresses(ctx context.Context, s *server) error {
	namespace, name := s.harness.Namespace(), s.harness.Service()
	var addresses []string
	service, err := w.dynamic.Resource(services).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if ignoreNotFound(err) != nil {
		return fmt.Errorf("read Service %s/%s: %w", namespace, name, err)
	}
	if err == nil {
		address, _, _ := unstructured.NestedString(service.Object, "spec", "clusterIP")
		addresses = append(addresses, address)
	}
	list, err := w.dynamic.Resource(endpointSlices).Namespace(namespace).List(ctx, metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + name,
	})
	if err != nil {
		return fmt.Errorf("list the EndpointSlices of Service %s/%s: %w", namespace, name, err)
	}
	for _, item := range list.Items {
		var slice discoveryv1.EndpointSlice
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &slice); err != nil {
			return fmt.Errorf("read EndpointSlice %s/%s: %w", namespace, item.GetName(), err)
		}
		for _, endpoint := range slice.Endpoints {
			addresses = append(addresses, endpoint.Addresses...)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, address := range addresses {
		s.addresses[address] = true
	}
	return nil
}

// wasDialed tells whether a dial was to the server: it reached a replica, or it
// asked for an address of the server's and reached nobody.
func (s *server) wasDialed(dial timeline.Dial) bool {
	if dial.To != "" {
		return strings.HasPrefix(dial.To, s.harness.Name()+"/")
	}
	host, _, err := net.SplitHostPort(dial.Address)
	s.mu.Lock()
	defer s.mu.Unlock()
	return err == nil && s.addresses[host]
}

// seeRequests looks at the requests that reached a server since the step began.
func (w *world) seeRequests(ctx context.Context, to *v1alpha1.RequestsTo, step timeline.Mark, t test) sight {
	s, err := w.server(to.Server)
	if err != nil {
		return never(err.Error())
	}
	requests := expression.Requests{}
	for _, entry := range timeline.Of[timeline.Request](w.cluster.Timeline(), step) {
		r := entry.Fact
		if s.answered(r) && strings.HasPrefix(r.Path, to.Path) {
			requests = append(requests, expression.Request{
				Server: r.Server, Method: r.Method, Path: r.Path, User: r.User, Code: r.Code,
				Groups: r.Groups, Query: r.Query, Protocol: r.Proto, ClientCertificate: r.ClientCertificate,
				Headers: r.Headers, Took: r.Took,
			})
		}
	}
	now := t.judge(ctx, requests, nil)
	if !now.held {
		now.state = fmt.Sprintf("%s; %s", count(len(requests), "request"), now.state)
	}
	return now
}

// answered tells whether the request was answered by a replica of the server.
func (s *server) answered(r timeline.Request) bool {
	return strings.HasPrefix(r.Server, s.harness.Name()+"/")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
