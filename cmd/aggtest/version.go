// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/aggtest/aggtest/harness"
)

func newVersion() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of aggtest and of its default control plane",
		Long: `Print the version of aggtest, what it was built from and with, and the version
of Kubernetes that it boots when none is named.`,
		Example: `  aggtest version
  aggtest version -o json`,
		GroupID: groupOther,
		Args:    cobra.NoArgs,
	}
	form := addFormat(cmd, "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		v := versionOf(debug.ReadBuildInfo())
		if form.value == "json" {
			return writeJSON(cmd.OutOrStdout(), v)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "aggtest %s\nkubernetes %s\n%s %s\n", v.Version, v.Kubernetes, v.Go, v.Platform)
		return nil
	}
	return cmd
}

// versions is what version -o json shows.
type versions struct {
	Version string `json:"version"`
	// Revision is the commit that it was built from. Empty when that is not known.
	Revision   string `json:"revision,omitempty"`
	Kubernetes string `json:"kubernetes"`
	Go         string `json:"go"`
	Platform   string `json:"platform"`
}

func versionOf(info *debug.BuildInfo, ok bool) versions {
	v := versions{Version: "devel", Kubernetes: harness.DefaultKubernetes, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			v.Revision = setting.Value + v.Revision
		case setting.Key == "vcs.modified" && setting.Value == "true":
			v.Revision += "-modified"
		}
	}
	return v
}
