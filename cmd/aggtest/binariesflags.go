// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/aggtest/aggtest/harness"
)

// binariesFlags say which programs a control plane is made of.
type binariesFlags struct {
	kubernetes, store string
	offline           bool
	// paths of single programs, by their name.
	paths map[harness.BinaryName]*string
}

func addBinariesFlags(flags *pflag.FlagSet) *binariesFlags {
	f := &binariesFlags{paths: map[harness.BinaryName]*string{}}
	flags.StringVar(&f.kubernetes, "kubernetes", "", "version of Kubernetes, as 1.37.2 (default "+harness.DefaultKubernetes+")")
	flags.StringVar(&f.store, "store", "", "folder that aggtest keeps the control plane's programs in (default $AGGTEST_BINARIES_DIR, or aggtest/binaries in your cache directory)")
	flags.BoolVar(&f.offline, "offline", false, "neither download nor build programs that are missing")
	for _, name := range []harness.BinaryName{harness.EtcdBinary, harness.KubeAPIServerBinary, harness.KubectlBinary} {
		f.paths[name] = flags.String(string(name), "", "path of the "+string(name)+" to use")
	}
	return f
}

// config checks the flags, so that what is mistyped is found before anything is
// started.
func (f *binariesFlags) config() (harness.BinariesConfig, error) {
	cfg := harness.BinariesConfig{Version: f.kubernetes, Store: f.store, Offline: f.offline, Paths: map[harness.BinaryName]string{}}
	if f.kubernetes != "" {
		if _, err := version.ParseSemantic(f.kubernetes); err != nil {
			return cfg, inputError(fmt.Errorf("--kubernetes %q: want a whole version, such as %s", f.kubernetes, harness.DefaultKubernetes))
		}
	}
	for name, path := range f.paths {
		if *path == "" {
			continue
		}
		if _, err := os.Stat(*path); err != nil {
			return cfg, inputError(fmt.Errorf("--%s: %w", name, err))
		}
		cfg.Paths[name] = *path
	}
	return cfg, nil
}

// harnessConfig is for a control plane of these programs.
func (f *binariesFlags) harnessConfig() (harness.Config, error) {
	cfg, err := f.config()
	return harness.Config{Kubernetes: cfg.Version, Binaries: cfg}, err
}

// completeFiles lets the shell complete the values of path flags itself.
func completeFiles(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		})
	}
}
