// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// describeAction says an action in a few words.
func describeAction(a *v1alpha1.Action) string {
	switch {
	case a.Apply != nil:
		return "apply " + address(a.Apply.Reference())
	case a.Patch != nil:
		text := "patch " + address(patched(a.Patch))
		if a.Patch.Subresource != "" {
			text += " " + a.Patch.Subresource
		}
		return text + ": " + inline(a.Patch.Merge)
	case a.Delete != nil:
		return "delete " + address(*a.Delete)
	case a.Register != nil:
		return fmt.Sprintf("register APIService %s for server %s", a.Register.Name(), a.Register.Server)
	case a.Certificate != nil:
		on := &v1alpha1.ServerReference{Server: a.Certificate.Server, Replica: a.Certificate.Replica}
		return fmt.Sprintf("certificate %s for %s", a.Certificate.Fault, replicas(on))
	case a.Cut != nil:
		return "cut the connections to " + replicas(a.Cut)
	case a.Refuse != nil:
		return "refuse connections to " + replicas(a.Refuse)
	case a.Answer != nil:
		on := &v1alpha1.ServerReference{Server: a.Answer.Server, Replica: a.Answer.Replica}
		return fmt.Sprintf("%s answers %s to %s", replicas(on), describeAnswer(&a.Answer.Answer), a.Answer.Path)
	case a.Endpoints != nil:
		return fmt.Sprintf("make %s of server %s ready", count(a.Endpoints.Ready, "replica"), a.Endpoints.Server)
	case a.Mend != nil:
		return "mend server " + a.Mend.Server
	case a.Touch != nil && a.Touch.Server != "":
		return "touch the Service of server " + a.Touch.Server
	case a.Touch != nil:
		return "touch APIService " + a.Touch.APIService
	case a.Kubectl != nil:
		return "kubectl " + a.Kubectl.Args + as(a.Kubectl.As)
	case a.Request != nil:
		return describeRequest(a.Request)
	}
	return describeFault(a)
}

// describeExpectation says what is expected, without when.
func describeExpectation(e *v1alpha1.Expectation) string {
	var text string
	switch {
	case e.Serves != "":
		return e.Serves + " is served" + through(e.APIServer)
	case e.APIService != "":
		text = "APIService " + e.APIService + through(e.APIServer)
	case e.Changes != nil:
		text = "the changes of APIService " + e.Changes.APIService
	case e.Traffic != nil:
		text = "traffic " + e.Traffic.Name
	case e.Interval != "":
		text = "the interval " + e.Interval
	case e.Object != nil:
		text = address(*e.Object)
	case e.Request != nil:
		text = describeRequest(e.Request)
		if e.Matches == nil && e.That == "" {
			return text + " is answered 2xx"
		}
	case e.Kubectl != nil:
		text = "kubectl " + e.Kubectl.Args + as(e.Kubectl.As)
		if e.That == "" {
			return text + " exits with 0"
		}
	case e.Discovery != "":
		text = fmt.Sprintf("the %s discovery", strings.ToLower(string(e.Discovery)))
	case e.Dials != nil && e.Dials.Server != "":
		text = "the dials of server " + e.Dials.Server
	case e.Dials != nil:
		text = "all dials"
	case e.Requests != nil:
		text = "the requests to server " + e.Requests.Server
		if e.Requests.Path != "" {
			text += " at " + e.Requests.Path
		}
	default:
		return "an expectation without a subject"
	}
	if e.Absent {
		return text + " is absent"
	}
	if e.Matches != nil && len(e.Matches) == 0 && e.That == "" {
		return text + " exists"
	}
	if len(e.Matches) > 0 {
		text += " matches " + inline(e.Matches)
	}
	if e.That != "" {
		if len(e.Matches) > 0 {
			text += ","
		}
		text += " has " + oneLine(e.That)
	}
	return text
}

func describeRequest(r *v1alpha1.Request) string {
	method, path := r.Method()
	text := method + " " + path + as(r.As) + through(r.APIServer)
	if r.Upgrade != "" {
		text += " with an upgrade to " + r.Upgrade
	}
	if r.Server != "" {
		text += " straight to server " + r.Server
	}
	return text
}

func through(apiServer *int) string {
	if apiServer == nil {
		return ""
	}
	return fmt.Sprintf(" through kube-apiserver-%d", *apiServer)
}

func replicas(r *v1alpha1.ServerReference) string {
	if r.Replica == nil {
		return "server " + r.Server
	}
	return fmt.Sprintf("replica %d of server %s", *r.Replica, r.Server)
}

func as(user string) string {
	if user == "" {
		return ""
	}
	return " as " + user
}

// oneLine joins the lines of an expression. Spaces within a line stay, since they
// may be in a string.
func oneLine(expression string) string {
	lines := strings.Split(strings.TrimSpace(expression), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, " ")
}

// inline writes a value on one line.
func inline(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}
