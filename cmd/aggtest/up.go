// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/aggtest/aggtest/cmd/aggtest/internal/display"
	"github.com/aggtest/aggtest/cmd/aggtest/internal/interrupt"
	"github.com/aggtest/aggtest/cmd/aggtest/internal/kubeconfig"
	"github.com/aggtest/aggtest/harness/timeline"
)

func newUp() *cobra.Command {
	var flags *givenFlags
	var write string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Boot a control plane to look around in, until Ctrl-C",
		Long: `Boot a control plane, install what a scenario gives, and stay until Ctrl-C. The
scenario's steps are not run. An APIService that is given so that it cannot
become available does not hinder: its condition is printed.

When all is there, the path of the administrator's kubeconfig is printed to
standard output, and then a line for the shell. Everything else goes to standard
error. Ctrl-C takes everything away again: processes, sockets and files. A
second one gives up at once, and the next run removes the files.`,
		Example: `  aggtest up -f my-scenario.yaml
  aggtest up -f tls/certificate --scenario certificate-expired --write-kubeconfig ./kubeconfig`,
		GroupID: groupControlPlane,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return up(cmd, flags, write) },
	}
	flags = addGivenFlags(cmd)
	cmd.Flags().StringVar(&write, "write-kubeconfig", "", "also write the kubeconfig to this file, and remove it at the end")
	completeFiles(cmd, "write-kubeconfig")
	return cmd
}

func up(cmd *cobra.Command, flags *givenFlags, write string) (err error) {
	scenario, err := flags.chosen()
	if err != nil {
		return err
	}
	cfg, err := flags.harnessConfig()
	if err != nil {
		return err
	}
	if write != "" {
		if err := kubeconfig.Free(write); err != nil {
			return inputError(fmt.Errorf("--write-kubeconfig: %w", err))
		}
	}
	cfg.Timeline = &timeline.Timeline{}
	shown := display.New(cmd.OutOrStdout(), cmd.ErrOrStderr())
	defer shown.Close()
	ctx, stop := interrupt.Context(cmd.Context(), interrupt.Config{
		Timelines: interrupt.Of(cfg.Timeline),
		First:     func(syscall.Signal) { shown.Note("stopping; once more gives up at once") },
	})
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
	defer func() {
		if closeErr := cluster.Close(); closeErr != nil {
			err = errors.Join(err, environmentError(closeErr))
		}
	}()
	ended, unlisten := crashed(cfg.Timeline)
	defer unlisten()
	path, err := cluster.Kubeconfig("")
	if err != nil {
		return environmentError(err)
	}
	if write != "" {
		remove, err := kubeconfig.Copy(path, write)
		if err != nil {
			return environmentError(fmt.Errorf("--write-kubeconfig: %w", err))
		}
		defer remove()
		if path, err = filepath.Abs(write); err != nil {
			return environmentError(err)
		}
	}
	shown.Print(path + "\nexport KUBECONFIG=" + kubeconfig.Quote(path))
	shown.Note("Ctrl-C stops it")
	select {
	case <-ctx.Done():
		return nil
	case process := <-ended:
		return environmentError(fmt.Errorf("%s", process))
	}
}
