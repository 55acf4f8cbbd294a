// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/aggtest/aggtest/cmd/aggtest/internal/child"
	"github.com/aggtest/aggtest/cmd/aggtest/internal/display"
	"github.com/aggtest/aggtest/cmd/aggtest/internal/interrupt"
	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/timeline"
)

func newExec() *cobra.Command {
	var flags *givenFlags
	cmd := &cobra.Command{
		Use:   "exec [-f FILE] -- COMMAND [ARG]...",
		Short: "Run a command against a control plane of its own",
		Long: `Boot a control plane, install what a scenario gives, run a command with
KUBECONFIG set and the control plane's own kubectl first on the PATH, and take
everything away again. The scenario's steps are not run.

The exit status is the command's own, or 128 and the signal's number when a
signal ended it. When the command was not run it is 2, for wrong input, or 3,
for a control plane that could not be started. Ctrl-C goes to the command;
everything is taken away when that has ended.`,
		Example: `  aggtest exec -- kubectl get apiservices
  aggtest exec -f my-scenario.yaml -- sh -c 'kubectl get --raw /apis/custom.example.com/v1beta1 | jq .'`,
		GroupID: groupControlPlane,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return execCommand(cmd, flags, args) },
	}
	// What follows the command's name is its own, also without a --.
	cmd.Flags().SetInterspersed(false)
	flags = addGivenFlags(cmd)
	return cmd
}

func execCommand(cmd *cobra.Command, flags *givenFlags, args []string) (err error) {
	scenario, err := flags.chosen()
	if err != nil {
		return err
	}
	cfg, err := flags.harnessConfig()
	if err != nil {
		return err
	}
	// kubectl need not be on the PATH yet.
	if _, err := exec.LookPath(args[0]); err != nil && args[0] != string(harness.KubectlBinary) {
		return inputError(err)
	}
	cfg.Timeline = &timeline.Timeline{}
	shown := display.New(cmd.OutOrStdout(), cmd.ErrOrStderr())
	defer shown.Close()
	ctx, stop := interrupt.Context(cmd.Context(), interrupt.Config{Timelines: interrupt.Of(cfg.Timeline)})
	defer stop()
	if flags.verbose {
		lines := &timelines{show: shown}
		lines.add("", cfg.Timeline)
		defer lines.stop()
	}
	cluster, err := flags.boot(ctx, shown, cfg, scenario)
	if err != nil {
		return err
	}
	var runner *child.Runner
	defer func() {
		if closeErr := cluster.Close(); closeErr != nil {
			shown.Note("aggtest: " + closeErr.Error())
		}
		// Only now, so that an impatient Ctrl-C does not cut the closing short.
		if runner != nil {
			runner.Discard()
		}
	}()
	command, err := commandFor(ctx, cluster, cfg.Binaries, args)
	if err != nil {
		return environmentError(err)
	}
	command.Stdin, command.Stdout, command.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	// From here on signals are the command's. Those that came before are not.
	runner = child.New(command)
	stop()
	if cause := context.Cause(ctx); errors.As(cause, new(*interrupt.Signal)) {
		return cause
	}
	status, err := runner.Run()
	if err != nil {
		return environmentError(err)
	}
	return &exitError{status: status}
}

// commandFor gives the command its surroundings.
func commandFor(ctx context.Context, cluster *harness.Cluster, cfg harness.BinariesConfig, args []string) (*exec.Cmd, error) {
	path, err := cluster.Kubeconfig("")
	if err != nil {
		return nil, err
	}
	found, err := harness.FindBinaries(ctx, cfg, harness.KubectlBinary)
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(cluster.Dir(), "path")
	if err := os.Mkdir(bin, 0o700); err != nil {
		return nil, fmt.Errorf("put kubectl on the PATH: %w", err)
	}
	name := string(harness.KubectlBinary)
	if err := os.Symlink(found[harness.KubectlBinary].Path, filepath.Join(bin, name)); err != nil {
		return nil, fmt.Errorf("put kubectl on the PATH: %w", err)
	}
	// Ours as well, for the command is looked for on it.
	if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return nil, fmt.Errorf("put kubectl on the PATH: %w", err)
	}
	command := exec.Command(args[0], args[1:]...)
	command.Env = append(os.Environ(),
		"KUBECONFIG="+path,
		// kubectl keeps discovery by the server's address, which an earlier control
		// plane may have had.
		"KUBECACHEDIR="+filepath.Join(cluster.Dir(), "kubectl-cache"))
	return command, nil
}
