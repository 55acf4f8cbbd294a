// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	apiregistrationv1helper "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/helper"

	"github.com/aggtest/aggtest/harness/timeline"
	"github.com/aggtest/aggtest/scenarios/internal/expression"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// subjectOf gives what an expectation looks at. step is the mark at which its
// step began, and began the time.
func (w *world) subjectOf(e *v1alpha1.Expectation, step timeline.Mark, began time.Time) (subject, error) {
	t, err := compile(e.Verb(), e.That, e.Matches)
	if err != nil {
		return subject{}, err
	}
	s := subject{every: pollEvery}
	switch {
	case e.Serves != "":
		s.changed = w.cluster.Changed
		s.look = func(ctx context.Context) sight { return w.seeServes(ctx, e.Serves, e.APIServer) }
	case e.APIService != "":
		w.follow(e.APIService)
		s.changed = w.cluster.Changed
		s.look = func(ctx context.Context) sight { return w.seeAPIService(ctx, e, t) }
	case e.Changes != nil:
		w.follow(e.Changes.APIService)
		s.changed = w.cluster.Changed
		s.look = func(ctx context.Context) sight { return w.seeChanges(ctx, e.Changes, step, t) }
	case e.Traffic != nil:
		s.look = func(ctx context.Context) sight { return w.seeTraffic(ctx, e.Traffic, began, t) }
	case e.Interval != "":
		s.look = func(ctx context.Context) sight { return w.seeInterval(ctx, e.Interval, t) }
	case e.Object != nil:
		s.look = func(ctx context.Context) sight { return w.seeObject(ctx, *e.Object, e.Absent, t) }
	case e.Request != nil:
		s.look = func(ctx context.Context) sight { return w.seeRequest(ctx, e.Request, t) }
	case e.Kubectl != nil:
		s.every = kubectlEvery
		s.look = func(ctx context.Context) sight { return w.seeKubectl(ctx, e.Kubectl, t) }
	case e.Discovery != "":
		s.look = func(ctx context.Context) sight { return w.seeDiscovery(ctx, e.Discovery, e.APIServer, t) }
	case e.Dials != nil:
		s.look = func(ctx context.Context) sight { return w.seeDials(ctx, e.Dials, step, t) }
	case e.Requests != nil:
		s.look = func(ctx context.Context) sight { return w.seeRequests(ctx, e.Requests, step, t) }
	default:
		return subject{}, fmt.Errorf("the expectation has no subject")
	}
	return s, nil
}

// seeServes asks for the group version through every kube-apiserver. 503 is the
// proxy's own answer, and any other that is not 2xx is not from a server that
// serves the group version.
func (w *world) seeServes(ctx context.Context, groupVersion string, apiServer *int) sight {
	clients, err := w.clientsOf(&v1alpha1.Request{Get: "/apis", APIServer: apiServer})
	if err != nil {
		return never(err.Error())
	}
	for _, client := range clients {
		answer, err := client.send(ctx, http.MethodGet, "/apis/"+groupVersion, map[string]string{"Accept": "application/json"}, nil)
		if err != nil {
			return sightOfError(err).via(client.apiServer)
		}
		if answer.code < 200 || answer.code > 299 {
			return notYet(fmt.Sprintf("GET /apis/%s: %s", groupVersion, answer)).via(client.apiServer)
		}
	}
	return w.seeAvailable(groupVersion, apiServer)
}

// seeAvailable looks whether the watches have shown the condition that lets
// requests through: an answer may be here before the condition is, which would
// then seem to come later, in the next step.
func (w *world) seeAvailable(groupVersion string, apiServer *int) sight {
	indexes, err := w.apiServers(apiServer)
	if err != nil {
		return never(err.Error())
	}
	group, version, _ := strings.Cut(groupVersion, "/")
	name := version + "." + group
	for _, i := range indexes {
		apiServer := w.cluster.APIServers()[i].Name
		service := w.cluster.APIService(i, name)
		if service == nil {
			return notYet("there is no APIService " + name).via(apiServer)
		}
		if !apiregistrationv1helper.IsAPIServiceConditionTrue(service, apiregistrationv1.Available) {
			return notYet("it is answered, and " + conditionText(service)).via(apiServer)
		}
	}
	return holds()
}

// seeAPIService looks at what a watch through each kube-apiserver shows.
func (w *world) seeAPIService(ctx context.Context, e *v1alpha1.Expectation, t test) sight {
	name, absent := e.APIService, e.Absent
	indexes, err := w.apiServers(e.APIServer)
	if err != nil {
		return never(err.Error())
	}
	for _, i := range indexes {
		apiServer := w.cluster.APIServers()[i]
		service := w.cluster.APIService(i, name)
		if service == nil {
			if absent {
				continue
			}
			return notYet("there is no such APIService").via(apiServer.Name)
		}
		condition := conditionText(service)
		if absent {
			return notYet("it is there, " + condition).via(apiServer.Name)
		}
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(service)
		if err != nil {
			return never(fmt.Sprintf("read the APIService: %v", err))
		}
		object["apiVersion"], object["kind"] = apiregistrationv1.SchemeGroupVersion.String(), "APIService"
		if now := t.judge(ctx, expression.APIServiceValues{APIService: object}, object); !now.held {
			now.state = condition + "\n" + now.state
			return now.via(apiServer.Name)
		}
	}
	return holds()
}

// conditionText is the condition Available in a line.
func conditionText(service *apiregistrationv1.APIService) string {
	for _, c := range service.Status.Conditions {
		if c.Type == apiregistrationv1.Available {
			return fmt.Sprintf("Available=%s %s: %s", c.Status, c.Reason, c.Message)
		}
	}
	return "without the condition Available"
}

func (w *world) seeObject(ctx context.Context, reference v1alpha1.ObjectReference, absent bool, t test) sight {
	objects, err := w.objects(ctx, reference)
	if err == nil {
		object, getErr := objects.Get(ctx, reference.Name, metav1.GetOptions{})
		if err = getErr; err == nil {
			if absent {
				return notYet("it is there")
			}
			return t.judge(ctx, expression.ObjectValues{Object: object.Object}, object.Object)
		}
	}
	if absent && apierrors.IsNotFound(err) {
		return holds()
	}
	return sightOfError(err)
}

// seeRequest asks each kube-apiserver in turn. Without a test 2xx is expected.
func (w *world) seeRequest(ctx context.Context, r *v1alpha1.Request, t test) sight {
	clients, err := w.clientsOf(r)
	if err != nil {
		return never(err.Error())
	}
	for _, client := range clients {
		response := client.ask(ctx, r)
		state := sightOfResponse(response)
		var now sight
		switch {
		case !t.empty():
			now = t.judge(ctx, response, response.JSON)
			state += "\n" + now.state
		case response.Error == "" && response.Code >= 200 && response.Code <= 299:
			now = holds()
		default:
			now = notYet(state)
		}
		if now.held {
			continue
		}
		if isOurFault(response.Code) {
			now.never = true
		}
		now.state = state
		return now.via(client.apiServer)
	}
	return holds()
}

// seeKubectl runs kubectl. Without a test exit code 0 is expected.
func (w *world) seeKubectl(ctx context.Context, k *v1alpha1.Kubectl, t test) sight {
	result, err := w.runKubectl(ctx, k)
	if err != nil {
		if ctx.Err() != nil {
			return notYet(err.Error())
		}
		return never(err.Error())
	}
	if t.empty() {
		if result.ExitCode == 0 {
			return holds()
		}
		return notYet(sightOfKubectl(result))
	}
	now := t.judge(ctx, expression.KubectlOutput{Stdout: result.Stdout, Stderr: result.Stderr, ExitCode: result.ExitCode}, nil)
	if !now.held {
		now.state = sightOfKubectl(result) + "\n" + now.state
	}
	return now
}
