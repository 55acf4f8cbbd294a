// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/aggtest/aggtest/cmd/aggtest/internal/display"
	"github.com/aggtest/aggtest/cmd/aggtest/internal/interrupt"
	"github.com/aggtest/aggtest/scenarios"
	"github.com/aggtest/aggtest/scenarios/catalog"
	"github.com/aggtest/aggtest/scenarios/selection"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

type runFlags struct {
	*binariesFlags
	selector         string
	parallel, repeat int
	reports          []string
	keep, verbose    bool
	withoutEachFault bool
	timeout          time.Duration
}

func newRun() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "run [PATH | FAMILY[/NAME]]...",
		Short: "Run scenarios",
		Long: `Run scenarios against a control plane that is booted for them, and say what
became of each. An argument is a family of the catalogue (aggtest list shows
them), a family/name, a pattern of one such as 'tls/*', or the path of a file or
a folder of files. Without arguments the whole catalogue is run.

The scenarios share one control plane as far as they ask for no other, and run
at once as far as they do not get in each other's way. One that fails is shown
with what was expected, what was seen last and for how long, the conditions, the
connections, the requests and the logs.

--keep leaves what a failed scenario made standing until Ctrl-C, and prints a
kubeconfig to look at it with. The other scenarios go on meanwhile.

--without-each-fault is for those who write scenarios: each is run once for each
of its faults, without that fault, and must fail. One that passes all the same
shows nothing of the fault. A step called healthy must hold without faults.

--report writes a report for programs: json=FILE or junit=FILE, several with
commas or by repeating the flag. It is written even when no control plane could
be started.

Exit status: 0 all passed or were skipped, 1 a scenario failed, 2 the input is
wrong and nothing was started, 3 no control plane could be started.`,
		Example: `  aggtest run tls registration/service-not-found
  aggtest run ./my-scenarios -l time!=natural --report json=report.json,junit=report.xml`,
		GroupID:           groupScenarios,
		ValidArgsFunction: completeScenarios,
		RunE:              func(cmd *cobra.Command, args []string) error { return flags.run(cmd, args) },
	}
	flags.binariesFlags = addBinariesFlags(cmd.Flags())
	cmd.Flags().StringVarP(&flags.selector, "selector", "l", "", "run only the scenarios with these labels: key=value, key!=value, several with commas")
	cmd.Flags().IntVar(&flags.parallel, "parallel", 0, "scenarios at once (default 4)")
	cmd.Flags().IntVar(&flags.repeat, "repeat", 1, "how often to run each")
	cmd.Flags().StringSliceVar(&flags.reports, "report", nil, "file to report to: json=FILE or junit=FILE")
	cmd.Flags().BoolVar(&flags.keep, "keep", false, "leave what a failed scenario made standing until Ctrl-C")
	cmd.Flags().BoolVarP(&flags.verbose, "verbose", "v", false, "print the timeline as it happens: conditions, connections, requests, actions")
	cmd.Flags().BoolVar(&flags.withoutEachFault, "without-each-fault", false, "run each scenario once for each of its faults, without that fault, and demand that it fails")
	cmd.Flags().DurationVar(&flags.timeout, "timeout", 0, "end the run after this time, as 10m (default never)")
	completeFiles(cmd, "report", "store", "etcd", "kube-apiserver", "kubectl")
	return cmd
}

func (f *runFlags) run(cmd *cobra.Command, args []string) error {
	selected, err := f.selected(args)
	if err != nil {
		return err
	}
	cfg, err := f.harnessConfig()
	if err != nil {
		return err
	}
	reports, err := openReports(f.reports)
	if err != nil {
		return err
	}
	defer reports.close()

	shown := display.New(cmd.OutOrStdout(), cmd.ErrOrStderr())
	defer shown.Close()
	progress := newProgress(shown)
	progress.listen(&cfg)
	total := len(selected) * f.repeat
	if f.withoutEachFault {
		total = variants(selected)
	}
	observer := newRunObserver(shown, progress, selected, f.repeat, total)
	lines := &timelines{}
	if f.verbose {
		lines.show = shown
		defer lines.stop()
	}
	ctx, stop := interrupt.Context(cmd.Context(), interrupt.Config{
		Timelines: lines.all,
		First:     func(syscall.Signal) { observer.interrupt() },
	})
	defer stop()
	if f.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("the run took longer than --timeout %s: %w", f.timeout, context.DeadlineExceeded))
		defer cancel()
	}
	options := scenarios.Options{
		Harness: cfg, Parallel: f.parallel, Repeat: f.repeat, Observer: observer,
		Timeline: lines.add, NoTimelines: !reports.keepTimelines(),
	}
	if f.keep {
		options.Keep = observer.keep
	}
	run := scenarios.Run
	if f.withoutEachFault {
		run = scenarios.RunWithoutEachFault
	}
	report, err := run(ctx, selected, options)
	progress.end()
	observer.summary(report)
	verdict := verdictOf(ctx, report, err, observer.kept())
	if err := reports.write(report); err != nil {
		return environmentError(errors.Join(err, verdict))
	}
	return verdict
}

// variants counts the runs that leave out a fault each.
func variants(selected []*v1alpha1.Case) int {
	total := 0
	for _, c := range selected {
		total += len(scenarios.WithoutEachFault(c))
	}
	return total
}

// verdictOf turns the outcome of a run into an error with an exit status.
func verdictOf(ctx context.Context, report *scenarios.Report, err error, kept bool) error {
	var signal *interrupt.Signal
	interrupted := errors.As(context.Cause(ctx), &signal)
	switch {
	case interrupted && !kept:
		return signal
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return failedError(err)
	case err != nil && !interrupted:
		return environmentError(err)
	case report.Summary().Failed > 0:
		return failedError(nil)
	}
	return nil
}

// selected gives the scenarios that the arguments and the selector name.
func (f *runFlags) selected(args []string) ([]*v1alpha1.Case, error) {
	if f.repeat < 1 {
		return nil, inputError(fmt.Errorf("--repeat %d: must be 1 or more", f.repeat))
	}
	if f.parallel < 0 {
		return nil, inputError(fmt.Errorf("--parallel %d: must not be negative", f.parallel))
	}
	cases, err := resolve(args)
	if err != nil {
		return nil, err
	}
	cases, err = selection.Filter(cases, f.selector)
	if err != nil {
		return nil, inputError(err)
	}
	if len(cases) == 0 {
		return nil, inputError(errors.New("no scenario was selected: aggtest list -o wide shows names and labels"))
	}
	return cases, nil
}

// resolve gives the scenarios that arguments name.
func resolve(args []string) ([]*v1alpha1.Case, error) {
	catalogue, err := catalog.Load()
	if err != nil {
		return nil, inputError(err)
	}
	cases, err := selection.Resolve(catalogue, args)
	if err != nil {
		return nil, inputError(err)
	}
	return cases, nil
}

// completeScenarios offers families and names of the catalogue, and files.
func completeScenarios(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	catalogue, err := catalog.Load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var offered []string
	for _, name := range selection.Names(catalogue) {
		if strings.HasPrefix(name, typed) {
			offered = append(offered, name)
		}
	}
	return offered, cobra.ShellCompDirectiveDefault
}
