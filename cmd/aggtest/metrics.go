// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/aggtest/aggtest/scenarios/values"
)

// metricsWithin bounds the few requests to a control plane on the same machine,
// which answers in milliseconds unless it is paused or overloaded.
const metricsWithin = 30 * time.Second

// completedWithin bounds what a shell waits for at a key.
const completedWithin = time.Second

func newMetrics() *cobra.Command {
	var kubeconfig string
	cmd := &cobra.Command{
		Use:   "metrics",
		Short: "See and change what the metrics servers of a running up give out",
		Long: `See and change what the metrics servers of a running "aggtest up" give out. They
are found through the kubeconfig that up printed.`,
		Example: `  aggtest metrics list
  aggtest metrics set queue 40
  aggtest metrics set web --cpu '{sine: {mean: 100m, amplitude: 80m, period: 1m}}'
  aggtest metrics unset queue`,
		GroupID: groupControlPlane,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig of the control plane (default $KUBECONFIG)")
	_ = cmd.MarkPersistentFlagFilename("kubeconfig")
	m := &metricsFlags{kubeconfig: &kubeconfig}
	cmd.AddCommand(newMetricsList(m), newMetricsSet(m), newMetricsUnset(m))
	return cmd
}

// metricsFlags say which control plane is meant.
type metricsFlags struct{ kubeconfig *string }

// find gives the metrics servers of the control plane.
func (m *metricsFlags) find(ctx context.Context) (kubernetes.Interface, []values.Server, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = *m.kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, nil, inputError(fmt.Errorf("read the kubeconfig that aggtest up printed: %w", err))
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, inputError(err)
	}
	servers, err := values.Find(ctx, client)
	if errors.Is(err, values.ErrNoServer) {
		return nil, nil, inputError(err)
	}
	if err != nil {
		return nil, nil, environmentError(err)
	}
	return client, servers, nil
}

// onRule does something to the rule that is named.
func (m *metricsFlags) onRule(ctx context.Context, name string, check func(values.Rule) error,
	do func(context.Context, kubernetes.Interface, values.Server, values.Rule) error) error {
	ctx, cancel := context.WithTimeout(ctx, metricsWithin)
	defer cancel()
	client, servers, err := m.find(ctx)
	if err != nil {
		return err
	}
	server, rule, err := values.Choose(servers, name)
	if err == nil {
		err = check(rule)
	}
	if err != nil {
		return inputError(err)
	}
	if err := do(ctx, client, server, rule); err != nil {
		return environmentError(err)
	}
	return nil
}

// complete offers the rules.
func (m *metricsFlags) complete(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completedWithin)
	defer cancel()
	var names []string
	if len(args) == 0 {
		_, servers, _ := m.find(ctx)
		for _, s := range servers {
			for _, r := range s.Rules {
				names = append(names, r.Name)
			}
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func newMetricsList(m *metricsFlags) *cobra.Command {
	var output *format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the rules of the metrics servers, and what was changed of them",
		Long: `List the rules of the metrics servers of a running "aggtest up": whether
they give usage or a metric, and what was changed of them since.`,
		Example: `  aggtest metrics list
  aggtest metrics list -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), metricsWithin)
			defer cancel()
			_, servers, err := m.find(ctx)
			if err != nil {
				return err
			}
			if output.value == "json" {
				return writeJSON(cmd.OutOrStdout(), servers)
			}
			rows := [][]string{{"SERVER", "RULE", "GIVES", "CHANGED TO"}}
			for _, s := range servers {
				for _, r := range s.Rules {
					changed := strings.Join(strings.Fields(s.Changes[r.Name]), " ")
					rows = append(rows, []string{s.Name, r.Name, string(r.Kind), changed})
				}
			}
			return writeTable(cmd.OutOrStdout(), rows)
		},
	}
	output = addFormat(cmd, "json")
	return cmd
}
