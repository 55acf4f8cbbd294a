// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"fmt"
	"strings"
	"time"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// describeFault says in a few words what is broken, or mended again.
func describeFault(a *v1alpha1.Action) string {
	switch {
	case a.Link != nil:
		return describeLink(a.Link)
	case a.Set != nil:
		return fmt.Sprintf("server %s: %s is %s", a.Set.Server, a.Set.Name, describeValues(a.Set))
	case a.Discovery != nil && len(a.Discovery.Lies) == 0:
		return fmt.Sprintf("the discovery of server %s is honest", a.Discovery.Server)
	case a.Discovery != nil:
		return fmt.Sprintf("the discovery of server %s lies: %s", a.Discovery.Server, joined(a.Discovery.Lies))
	case a.TLS != nil:
		return fmt.Sprintf("TLS of server %s: %s", a.TLS.Server, inline(a.TLS.TLS))
	case a.Rotate != nil && a.Rotate.Reload:
		return fmt.Sprintf("a new authority for server %s, and certificates of it", a.Rotate.Server)
	case a.Rotate != nil:
		return fmt.Sprintf("a new authority for server %s, which goes on with its old certificate", a.Rotate.Server)
	case a.CABundle != nil:
		return fmt.Sprintf("caBundle %s for APIService %s", a.CABundle.CABundle, a.CABundle.APIService)
	case a.FrontProxy != nil:
		return fmt.Sprintf("front proxy certificate %s%s", a.FrontProxy.Fault, through(a.FrontProxy.APIServer))
	case a.Stop != nil:
		return "stop " + nameOf(a.Stop)
	case a.Start != nil:
		return "start " + nameOf(a.Start)
	case a.Restart != nil:
		return "restart " + nameOf(a.Restart)
	case a.Pause != nil:
		return "pause " + nameOf(a.Pause)
	case a.Resume != nil:
		return "resume " + nameOf(a.Resume)
	case a.Traffic != nil:
		return fmt.Sprintf("begin traffic %s: GET %s every %s", a.Traffic.Name, a.Traffic.Get, time.Duration(a.Traffic.Every))
	}
	return "an action without a verb"
}

// nameOf is what a process is called.
func nameOf(r *v1alpha1.ProcessReference) string {
	if r.ControllerManager {
		return "kube-controller-manager"
	}
	if r.APIServer == nil {
		return "kube-apiserver-0"
	}
	return fmt.Sprintf("kube-apiserver-%d", *r.APIServer)
}

func describeLink(l *v1alpha1.LinkAction) string {
	on := replicas(&v1alpha1.ServerReference{Server: l.Server, Replica: l.Replica})
	from := "every kube-apiserver"
	if l.APIServer != nil {
		from = fmt.Sprintf("kube-apiserver-%d", *l.APIServer)
	}
	if l.Back {
		return fmt.Sprintf("link %s from %s back to %s", l.Fault, on, from)
	}
	return fmt.Sprintf("link %s from %s to %s", l.Fault, from, on)
}

func describeAnswer(a *v1alpha1.Answer) string {
	switch {
	case a.Honest:
		return "honestly but changed"
	case a.Echo:
		return "an upgrade with an echo"
	case a.Status == 0:
		return "200"
	}
	return fmt.Sprint(a.Status)
}

func joined[S ~string](items []S) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = string(item)
	}
	return strings.Join(texts, ", ")
}
