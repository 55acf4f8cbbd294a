// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/aggtest/aggtest/cmd/aggtest/internal/display"
	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/timeline"
	"github.com/aggtest/aggtest/scenarios"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// servedWithin is how long up and exec wait for what is given to serve. An
// APIService is probed at once, a probe that hangs fails after 6 s
// (k8s.io/kube-aggregator@v0.37.2/pkg/controllers/status/remote/remote_available_controller.go:267),
// and whoever was given as broken shall not hold the user up for longer.
const servedWithin = 10 * time.Second

// givenFlags say what control plane up and exec boot.
type givenFlags struct {
	*binariesFlags
	file, scenario string
	verbose        bool
}

func addGivenFlags(cmd *cobra.Command) *givenFlags {
	f := &givenFlags{binariesFlags: addBinariesFlags(cmd.Flags())}
	cmd.Flags().StringVarP(&f.file, "file", "f", "", "scenario whose given is installed: a file, or FAMILY/NAME of the catalogue")
	cmd.Flags().StringVar(&f.scenario, "scenario", "", "name of the scenario, when the file has several (default the first)")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "print the timeline as it happens: conditions, connections, requests")
	completeFiles(cmd, "store", "etcd", "kube-apiserver", "kubectl")
	_ = cmd.RegisterFlagCompletionFunc("file", completeScenarios)
	return f
}

// chosen gives the scenario of -f, nil without one.
func (f *givenFlags) chosen() (*v1alpha1.Case, error) {
	if f.file == "" && f.scenario != "" {
		return nil, inputError(errors.New("--scenario names a scenario of a file: name the file with -f"))
	}
	if f.file == "" {
		return nil, nil
	}
	cases, err := resolve([]string{f.file})
	if err != nil {
		return nil, err
	}
	if len(cases) == 0 {
		return nil, inputError(fmt.Errorf("there is no scenario in %s", f.file))
	}
	if f.scenario == "" {
		return cases[0], nil
	}
	var names []string
	for _, c := range cases {
		if c.Metadata.Name == f.scenario || c.FullName() == f.scenario {
			return c, nil
		}
		names = append(names, c.Metadata.Name)
	}
	return nil, inputError(fmt.Errorf("there is no scenario %q in %s: it has %s", f.scenario, f.file, strings.Join(names, ", ")))
}

// boot starts the control plane that the scenario asks for, a default one
// without a scenario, and installs what it gives. The caller closes the cluster.
func (f *givenFlags) boot(ctx context.Context, shown *display.Display, cfg harness.Config, c *v1alpha1.Case) (*harness.Cluster, error) {
	progress := newProgress(shown)
	progress.listen(&cfg)
	defer progress.end()
	if c != nil {
		cfg = scenarios.ControlPlane(cfg, c.Spec.Given.ControlPlane)
	}
	began := time.Now()
	cluster, err := harness.New(ctx, cfg)
	progress.end()
	if err != nil {
		return nil, bootError(ctx, err)
	}
	shown.Note(fmt.Sprintf("Kubernetes %s, started in %s", cluster.Version(), seconds(time.Since(began))))
	if c == nil {
		return cluster, nil
	}
	if allowed, err := c.Spec.Requires.Allows(cluster.Version()); err == nil && !allowed {
		shown.Note(fmt.Sprintf("%s is meant for Kubernetes %s", c.FullName(), c.Spec.Requires.Kubernetes))
	}
	task := shown.Begin("installing what "+c.FullName()+" gives", sayAfter)
	defer task.End()
	if _, err := scenarios.Install(ctx, cluster, c.Spec.Given); err != nil {
		return nil, errors.Join(bootError(ctx, err), cluster.Close())
	}
	for _, line := range awaitServed(ctx, cluster, c.Spec.Given.APIServices) {
		shown.Note(line)
	}
	if ctx.Err() != nil {
		return nil, errors.Join(bootError(ctx, context.Cause(ctx)), cluster.Close())
	}
	return cluster, nil
}

// bootError is the end of a boot that a signal may have brought.
func bootError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return environmentError(err)
}

// awaitServed waits until each APIService serves, and says what became of it, in
// order. One that does not serve in time is no error: it may be given so.
func awaitServed(ctx context.Context, cluster *harness.Cluster, services []v1alpha1.APIService) []string {
	ctx, cancel := context.WithTimeout(ctx, servedWithin)
	defer cancel()
	lines := make([]string, len(services))
	var all sync.WaitGroup
	for i, service := range services {
		all.Go(func() {
			gv := schema.GroupVersion{Group: service.Group, Version: service.Version}
			if err := cluster.WaitServes(ctx, gv); err != nil {
				lines[i] = service.Name() + " does not serve: " + conditionOf(cluster.APIService(0, service.Name()))
				return
			}
			lines[i] = service.Name() + " serves"
		})
	}
	all.Wait()
	return lines
}

func conditionOf(service *apiregistrationv1.APIService) string {
	if service != nil {
		for _, condition := range service.Status.Conditions {
			if condition.Type == apiregistrationv1.Available {
				return fmt.Sprintf("Available=%s %s: %s", condition.Status, condition.Reason, condition.Message)
			}
		}
	}
	return "it has no condition"
}

// crashed gives a channel on which a child that ends by itself is told.
func crashed(tl *timeline.Timeline) (ended <-chan timeline.Process, stop func()) {
	told := make(chan timeline.Process, 1)
	return told, tl.Listen(func(entry timeline.Entry) {
		process, ok := entry.Fact.(timeline.Process)
		if !ok || slices.Contains([]string{"started", "ready", "stopped"}, process.What) {
			return
		}
		select {
		case told <- process:
		default:
		}
	})
}
