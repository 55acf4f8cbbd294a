// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/aggtest/aggtest/cmd/aggtest/internal/assets"
	"github.com/aggtest/aggtest/cmd/aggtest/internal/display"
	"github.com/aggtest/aggtest/cmd/aggtest/internal/interrupt"
	"github.com/aggtest/aggtest/harness"
)

var binaryNames = []harness.BinaryName{
	harness.EtcdBinary, harness.KubeAPIServerBinary, harness.KubectlBinary,
	harness.KubeControllerManagerBinary, harness.MetricsServerBinary,
}

func newBinaries() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "binaries",
		Short: "Find, list and install the control plane's programs",
		Long: `Find, list and install the programs of the control plane: etcd, kube-apiserver,
kubectl and, when they are named, kube-controller-manager and metrics-server.
Each is looked for in these places, in this order:

  1. the path of its flag, $TEST_ASSET_ETCD and its siblings, $KUBEBUILDER_ASSETS
  2. aggtest's own store
  3. setup-envtest's store
  4. envtest's releases, by download
  5. the Go module proxy, by a build with the go command

run, up and exec install what is missing by themselves.`,
		Example: `  aggtest binaries install
  KUBEBUILDER_ASSETS=$(aggtest binaries path) go test ./...`,
		GroupID: groupControlPlane,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := addBinariesFlags(cmd.PersistentFlags())
	cmd.AddCommand(newBinariesPath(flags), newBinariesList(flags), newBinariesInstall(flags))
	return cmd
}

func newBinariesPath(flags *binariesFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "path",
		Short: "Print the folder that holds the programs",
		Long: `Print the folder that holds etcd, kube-apiserver and kubectl, as
KUBEBUILDER_ASSETS wants it. When they lie in several folders, one with links to
them is made in aggtest's store. Nothing is downloaded or built.`,
		Example: `  export KUBEBUILDER_ASSETS=$(aggtest binaries path)
  ls $(aggtest binaries path --kubernetes 1.36.2)`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := flags.config()
			if err != nil {
				return err
			}
			found, err := harness.FindBinaries(cmd.Context(), cfg)
			if err != nil {
				return environmentError(err)
			}
			store, err := harness.BinariesStore(cfg)
			if err != nil {
				return environmentError(err)
			}
			dir, err := assets.Folder(found, store)
			if err != nil {
				return environmentError(err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), dir)
			return nil
		},
	}
}

func newBinariesList(flags *binariesFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the programs in aggtest's store",
		Long: `List the programs in aggtest's store, of every version and platform, and what is
wrong with those that cannot be used.`,
		Example: `  aggtest binaries list
  aggtest binaries list -o json --store /var/cache/aggtest`,
		Args: cobra.NoArgs,
	}
	form := addFormat(cmd, "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := flags.config()
		if err != nil {
			return err
		}
		installed, err := harness.ListBinaries(cfg)
		if err != nil {
			return environmentError(err)
		}
		if form.value == "json" {
			return writeInstalledJSON(cmd, installed)
		}
		if len(installed) == 0 {
			store, err := harness.BinariesStore(cfg)
			if err != nil {
				return environmentError(err)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "there is nothing in %s: aggtest binaries install fills it\n", store)
			return nil
		}
		rows := [][]string{{"KUBERNETES", "NAME", "VERSION", "PLATFORM", "SIZE", "STATE", "PATH"}}
		for _, b := range installed {
			rows = append(rows, []string{
				b.Kubernetes, string(b.Name), b.Version, b.Platform, fmt.Sprintf("%.0f MB", float64(b.Size)/1e6), cmp.Or(b.Problem, "ok"), b.Path,
			})
		}
		return writeTable(cmd.OutOrStdout(), rows)
	}
	return cmd
}

// installedBinary is a program as list -o json shows it.
type installedBinary struct {
	Name       string    `json:"name"`
	Kubernetes string    `json:"kubernetes"`
	Version    string    `json:"version"`
	Platform   string    `json:"platform"`
	Path       string    `json:"path"`
	Source     string    `json:"source"`
	Size       int64     `json:"size"`
	Installed  time.Time `json:"installed"`
	Problem    string    `json:"problem,omitempty"`
}

func writeInstalledJSON(cmd *cobra.Command, installed []harness.InstalledBinary) error {
	all := make([]installedBinary, len(installed))
	for i, b := range installed {
		all[i] = installedBinary{
			Name: string(b.Name), Kubernetes: b.Kubernetes, Version: b.Version, Platform: b.Platform,
			Path: b.Path, Source: b.Source, Size: b.Size, Installed: b.At, Problem: b.Problem,
		}
	}
	return writeJSON(cmd.OutOrStdout(), all)
}

func newBinariesInstall(flags *binariesFlags) *cobra.Command {
	names := make([]string, len(binaryNames))
	for i, name := range binaryNames {
		names[i] = string(name)
	}
	return &cobra.Command{
		Use:   "install [NAME]...",
		Short: "Install the programs",
		Long: `Install the programs into aggtest's store, unless they are there or in another
place that run would take them from. Without names: etcd, kube-apiserver and
kubectl, which every control plane needs. kube-controller-manager and
metrics-server, which envtest's releases never have, are installed when they are
named. What envtest's releases do not have is built from the Go module proxy,
which takes about ten minutes on two cores, and after an interruption goes on
where it was.`,
		Example: `  aggtest binaries install
  aggtest binaries install --kubernetes 1.36.2 kube-controller-manager metrics-server`,
		ValidArgs: names,
		Args:      cobra.OnlyValidArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return installBinaries(cmd, flags, args)
		},
	}
}

func installBinaries(cmd *cobra.Command, flags *binariesFlags, args []string) error {
	cfg, err := flags.harnessConfig()
	if err != nil {
		return err
	}
	ctx, stop := interrupt.Context(cmd.Context(), interrupt.Config{})
	defer stop()
	shown := display.New(cmd.OutOrStdout(), cmd.ErrOrStderr())
	defer shown.Close()
	progress := newProgress(shown)
	progress.listen(&cfg)
	var names []harness.BinaryName
	for _, arg := range args {
		names = append(names, harness.BinaryName(arg))
	}
	found, err := harness.InstallBinaries(ctx, cfg.Binaries, names...)
	progress.end()
	var signal *interrupt.Signal
	if errors.As(context.Cause(ctx), &signal) {
		return signal
	}
	if err != nil {
		return environmentError(err)
	}
	rows := [][]string{{"NAME", "VERSION", "FROM", "PATH"}}
	for _, name := range binaryNames {
		if binary, ok := found[name]; ok {
			rows = append(rows, []string{string(name), cmp.Or(binary.Version, "not asked"), string(binary.Place), binary.Path})
		}
	}
	return writeTable(cmd.OutOrStdout(), rows)
}
