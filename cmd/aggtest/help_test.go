// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestHelp holds every verb to a text and two uses, in lines that fit.
func TestHelp(t *testing.T) {
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		uses := 0
		for line := range strings.Lines(cmd.Example) {
			if strings.HasPrefix(line, "  ") && strings.Contains(line, "aggtest ") && !strings.HasPrefix(line, "  #") {
				uses++
			}
		}
		if uses < 2 {
			t.Errorf("%s: the help shows %d uses, want 2 or more", cmd.CommandPath(), uses)
		}
		if len(cmd.Long) <= len(cmd.Short) {
			t.Errorf("%s: the help has no text beside %q", cmd.CommandPath(), cmd.Short)
		}
		for line := range strings.Lines(cmd.Long) {
			if len(strings.TrimSpace(line)) > 80 {
				t.Errorf("%s: a line of the help is longer than a terminal: %q", cmd.CommandPath(), line)
			}
		}
		for _, sub := range cmd.Commands() {
			// Below completion the texts are cobra's, one a shell.
			if cmd.Name() != "completion" {
				check(sub)
			}
		}
	}
	check(newRoot())
}

func TestVersionOf(t *testing.T) {
	info := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	for _, tc := range []struct {
		reason            string
		info              *debug.BuildInfo
		version, revision string
	}{
		{reason: "no build info", version: "devel"},
		{reason: "built from a folder without version control", info: info("(devel)"), version: "devel"},
		{reason: "installed as a module", info: info("v0.2.0"), version: "v0.2.0"},
		{
			reason: "built from changed files; the settings come in any order",
			info: info("", debug.BuildSetting{Key: "vcs.modified", Value: "true"},
				debug.BuildSetting{Key: "vcs.revision", Value: "abc"}),
			version: "devel", revision: "abc-modified",
		},
	} {
		got := versionOf(tc.info, tc.info != nil)
		if got.Version != tc.version || got.Revision != tc.revision {
			t.Errorf("%s: version %q of %q, want %q of %q", tc.reason, got.Version, got.Revision, tc.version, tc.revision)
		}
	}
}
