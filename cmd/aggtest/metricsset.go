// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"

	"github.com/aggtest/aggtest/fixtures/metrics"
	"github.com/aggtest/aggtest/fixtures/metrics/series"
	"github.com/aggtest/aggtest/scenarios/values"
)

func newMetricsSet(m *metricsFlags) *cobra.Command {
	var cpu, memory string
	cmd := &cobra.Command{
		Use:   "set [SERVER/]RULE [VALUE]",
		Short: "Give a rule another value, or a function of time",
		Long: `Give a rule of a metrics server another value: a quantity, such as 40 or 250m,
or what may stand for one in a scenario, as YAML: {missing: true},
{sine: {mean: 10, amplitude: 5, period: 1m}}, {error: the database is away}.
"aggtest explain spec.given.servers.metrics.external.value" lists them.
Functions of time begin when they are set.`,
		Example: `  aggtest metrics set queue 40
  aggtest metrics set queue '{missing: true}'
  aggtest metrics set web --cpu 250m --memory 64Mi`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: m.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			var change metrics.Change
			texts := []string{cpu, memory, ""}
			if len(args) > 1 {
				texts[2] = args[1]
			}
			for i, one := range []struct {
				name string
				to   **series.Series
			}{{"--cpu", &change.CPU}, {"--memory", &change.Memory}, {"VALUE", &change.Value}} {
				if texts[i] == "" {
					continue
				}
				parsed, err := series.Parse([]byte(texts[i]))
				if err != nil {
					return inputError(fmt.Errorf("%s: %w", one.name, err))
				}
				*one.to = &parsed
			}
			if change == (metrics.Change{}) {
				return errors.New("say what the rule gives: a VALUE for a metric, --cpu or --memory for usage")
			}
			return m.onRule(cmd.Context(), args[0],
				func(rule values.Rule) error { return rule.Check(change) },
				func(ctx context.Context, client kubernetes.Interface, server values.Server, rule values.Rule) error {
					return server.Set(ctx, client, rule, change)
				})
		},
	}
	cmd.Flags().StringVar(&cpu, "cpu", "", "processors that are used, for a rule about usage")
	cmd.Flags().StringVar(&memory, "memory", "", "bytes of the working set, for a rule about usage")
	return cmd
}

func newMetricsUnset(m *metricsFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "unset [SERVER/]RULE",
		Short: "Go back to what the file says of a rule",
		Long: `Take back what "aggtest metrics set" has changed of a rule: the scenario's file
counts again. A rule that was not changed stays as it is.`,
		Example: `  aggtest metrics unset queue
  aggtest metrics unset metrics/worker`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: m.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return m.onRule(cmd.Context(), args[0],
				func(values.Rule) error { return nil },
				func(ctx context.Context, client kubernetes.Interface, server values.Server, rule values.Rule) error {
					return server.Unset(ctx, client, rule)
				})
		},
	}
}
