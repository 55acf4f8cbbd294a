// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	aggregatorclient "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"github.com/aggtest/aggtest/harness/internal/controlplane"
	"github.com/aggtest/aggtest/harness/timeline"
)

// What is written down of a kube-apiserver that is made to be away.
const (
	stopped = "stopped"
	paused  = "paused"
)

// apiServer returns a kube-apiserver by its number, from 0.
func (c *Cluster) apiServer(i int) (APIServer, error) {
	if i < 0 || i >= len(c.apiServers) {
		return APIServer{}, fmt.Errorf("kube-apiserver %d: there are %d, counted from 0", i, len(c.apiServers))
	}
	return c.apiServers[i], nil
}

// StopAPIServer ends a kube-apiserver, counted from 0, and returns when it has
// gone: connections to it are refused, and the open ones are broken. It is
// killed, as by a machine that fails, and not asked to shut down. The others go
// on. One that is stopped already is an error.
//
// The first kube-apiserver, number 0, is the one through which the harness
// itself works: while it is away, installing, registering, touching, kubectl and
// the extension servers' own way to the API fail, and the virtual network does
// not learn of new Services. Stop another one unless that is the point.
func (c *Cluster) StopAPIServer(ctx context.Context, i int) error {
	server, err := c.apiServer(i)
	if err != nil {
		return fmt.Errorf("stop %w", err)
	}
	before := c.plane.State(i)
	c.gates[i].shut()
	if err := c.plane.StopAPIServer(ctx, i); err != nil {
		c.settleGate(i)
		return err
	}
	if before == controlplane.Paused {
		c.timeline.Record(timeline.Fault{On: server.Name, What: paused, Undone: true})
	}
	c.timeline.Record(timeline.Fault{On: server.Name, What: stopped})
	return nil
}

// StartAPIServer starts a kube-apiserver that was stopped, on the same port and
// with the same flags. It returns when the kube-apiserver is ready and
// [Cluster.APIService] shows the APIServices as it serves them now. The proxy in
// it may need a moment more: see [Cluster.WaitServes]. One that runs is an error.
//
// When it does not become ready before ctx ends, it is stopped again.
func (c *Cluster) StartAPIServer(ctx context.Context, i int) error {
	server, err := c.apiServer(i)
	if err != nil {
		return fmt.Errorf("start %w", err)
	}
	before := c.plane.State(i)
	if err := c.plane.StartAPIServer(ctx, i); err != nil {
		return err
	}
	// One that exited by itself is no fault of ours to undo.
	if before == controlplane.Stopped {
		c.timeline.Record(timeline.Fault{On: server.Name, What: stopped, Undone: true})
	}
	c.settleGate(i)
	if err := c.awaitWatch(ctx, server); err != nil {
		return fmt.Errorf("start %s: wait for the watch of APIServices: %w", server.Name, err)
	}
	return nil
}

// RestartAPIServer stops a kube-apiserver and starts it: see
// [Cluster.StopAPIServer] and [Cluster.StartAPIServer]. One that is stopped is
// an error.
func (c *Cluster) RestartAPIServer(ctx context.Context, i int) error {
	if err := c.StopAPIServer(ctx, i); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	if err := c.StartAPIServer(ctx, i); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	return nil
}

// PauseAPIServer halts a kube-apiserver, counted from 0, as a machine that hangs
// does: its connections stay open and new ones are accepted, by the kernel, and
// nobody answers. Clients run into their time-outs. It returns when no thread of
// it runs any more. [Cluster.StopAPIServer] says what the first one is needed
// for. One that is stopped or paused is an error.
func (c *Cluster) PauseAPIServer(i int) error {
	server, err := c.apiServer(i)
	if err != nil {
		return fmt.Errorf("pause %w", err)
	}
	c.gates[i].shut()
	if err := c.plane.PauseAPIServer(i); err != nil {
		c.settleGate(i)
		return err
	}
	c.timeline.Record(timeline.Fault{On: server.Name, What: paused})
	return nil
}

// ResumeAPIServer lets a paused kube-apiserver go on. It answers at once what
// has waited for it. One that is not paused is an error.
func (c *Cluster) ResumeAPIServer(i int) error {
	server, err := c.apiServer(i)
	if err != nil {
		return fmt.Errorf("resume %w", err)
	}
	if err := c.plane.ResumeAPIServer(i); err != nil {
		return err
	}
	c.timeline.Record(timeline.Fault{On: server.Name, What: paused, Undone: true})
	c.settleGate(i)
	return nil
}

// settleGate opens the gate of a kube-apiserver that runs.
func (c *Cluster) settleGate(i int) {
	if c.plane.State(i) == controlplane.Running {
		c.gates[i].open()
	}
}

// away tells whether a kube-apiserver was stopped or paused and not brought back.
func (c *Cluster) away(i int) bool {
	return c.plane != nil && i < len(c.apiServers) && c.plane.State(i) != controlplane.Running
}

// awaitWatch waits until the watch through a kube-apiserver shows what the
// kube-apiserver lists. While others write, a list and a watch agree in no
// order: so each is looked at until they do.
func (c *Cluster) awaitWatch(ctx context.Context, server APIServer) error {
	client, err := aggregatorclient.NewForConfig(c.configs[server.index])
	if err != nil {
		return err
	}
	return waitFor(ctx, c.Changed, func(ctx context.Context) (bool, string) {
		list, err := client.ApiregistrationV1().APIServices().List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err.Error()
		}
		type version struct {
			uid      types.UID
			resource string
		}
		listed := map[string]version{}
		for _, service := range list.Items {
			listed[service.Name] = version{service.UID, service.ResourceVersion}
		}
		shown := c.observers[server.index].list()
		for _, service := range shown {
			if now, ok := listed[service.Name]; !ok || now != (version{service.UID, service.ResourceVersion}) {
				return false, "APIService " + service.Name + " is shown as it was"
			}
		}
		return len(shown) == len(listed), fmt.Sprintf("%d APIServices are shown, and there are %d", len(shown), len(listed))
	})
}

// ProcessInfo is about one process of a control plane.
type ProcessInfo struct {
	// Name is etcd, kube-controller-manager, or the kube-apiserver's.
	Name string
	// PID is the process id.
	PID int
	// RSS is the resident memory in bytes, 0 where the platform does not tell.
	RSS int64
}

// Processes lists etcd, the kube-apiservers that are not stopped and the
// kube-controller-manager if it runs, with the memory that each has now.
func (c *Cluster) Processes() []ProcessInfo {
	processes := []ProcessInfo{info(c.plane.Etcd())}
	for i, process := range c.plane.APIServers() {
		if c.plane.State(i) != controlplane.Stopped {
			processes = append(processes, info(process))
		}
	}
	if controllers, ok := c.controllers.info(); ok {
		processes = append(processes, controllers)
	}
	return processes
}

func info(process *controlplane.Process) ProcessInfo {
	return ProcessInfo{Name: process.Name(), PID: process.PID(), RSS: process.Memory()}
}
