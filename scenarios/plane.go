// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/timeline"
	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// plane is a control plane on which jobs run.
type plane interface {
	version() string
	run(ctx context.Context, j *job) report.Scenario
	close() error
}

// clusterPlane is a real one.
type clusterPlane struct {
	connection *connection
	observer   *serialObserver
	keep       func(context.Context, *harness.Cluster, report.Scenario)
}

// boot starts the control plane that a group asks for: the options' own, with
// what the scenarios want over it.
func (o Options) boot(ctx context.Context, what string, want *v1alpha1.ControlPlane, observer *serialObserver) (plane, error) {
	config := ControlPlane(o.Harness, want)
	if want != nil {
		// A timeline belongs to one control plane: the names of the
		// kube-apiservers are the same on each.
		config.Timeline = nil
	}
	if config.Timeline == nil {
		config.Timeline = &timeline.Timeline{}
	}
	if o.Timeline != nil {
		o.Timeline(what, config.Timeline)
	}
	cluster, err := harness.New(ctx, config)
	if err != nil {
		return nil, err
	}
	c, err := connect(cluster)
	if err != nil {
		// What is wrong with the clients matters more than the end of what
		// nobody used.
		_ = cluster.Close()
		return nil, err
	}
	return &clusterPlane{connection: c, observer: observer, keep: o.Keep}, nil
}

func (p *clusterPlane) version() string { return p.connection.cluster.Version() }

func (p *clusterPlane) run(ctx context.Context, j *job) report.Scenario {
	w := newWorld(p.connection, j.scenario.Spec.Given.Users)
	w.exclusive = j.claims.everything
	x := &execution{
		world:    w,
		scenario: j.scenario,
		result:   j.head(),
		stepDone: func(scenario report.Scenario, step report.Step) {
			p.observer.tell(func(o Observer) { o.StepDone(scenario, step) })
		},
		keep: p.keep,
	}
	return x.run(ctx)
}

func (p *clusterPlane) close() error {
	p.connection.close()
	return p.connection.cluster.Close()
}
