// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// execute runs the command line and gives its exit status.
func execute(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	silence()
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	command, err := root.ExecuteC()
	status, message := statusOf(err)
	if errors.As(message, new(v1alpha1.Problems)) {
		// Each line begins with its place, so that editors and terminals find it.
		fmt.Fprintln(stderr, message)
		message = errors.New("the input is wrong, and nothing was started")
	}
	if message != nil {
		fmt.Fprintf(stderr, "aggtest: %s\n", strings.TrimSpace(message.Error()))
	}
	if isUsage(err) {
		fmt.Fprintf(stderr, "help: %s --help\n", command.CommandPath())
	}
	return status
}

// silence keeps the logs of the libraries off the terminal. What matters of them
// is in the evidence of a failure: the extension server sends klog's lines to its
// own log, and the control plane has its log files.
func silence() {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	// klog writes errors to stderr even when it has another output, unless the
	// threshold is above them.
	_ = flags.Set("stderrthreshold", "FATAL")
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	log.SetLogger(logr.Discard())
}

func newRoot() *cobra.Command {
	// The help lists the verbs in the order of their use, not of the alphabet.
	cobra.EnableCommandSorting = false
	root := &cobra.Command{
		Use:   "aggtest",
		Short: "Test the Kubernetes aggregation layer on one machine",
		Long: `aggtest tests the Kubernetes aggregation layer on one machine. It boots a real
kube-apiserver with its aggregator, puts extension API servers behind
APIServices, breaks what is between them, and runs scenarios that say what must
then hold. It needs no root, no containers and no cluster.

Exit status:
  0  everything passed
  1  a scenario or a check failed
  2  the input is wrong; nothing was started
  3  the environment could not be started
  128 and the signal's number when it was interrupted`,
		Example: `  aggtest run                                  # every scenario of the catalogue
  aggtest exec -- kubectl get apiservices      # a command against a control plane of its own`,
		// Without Args cobra looks for the verb that was meant.
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
	}
	root.AddGroup(
		&cobra.Group{ID: groupScenarios, Title: "Scenarios:"},
		&cobra.Group{ID: groupControlPlane, Title: "A control plane to look around in:"},
		&cobra.Group{ID: groupOther, Title: "Other:"},
	)
	root.AddCommand(
		newRun(), newList(), newValidate(), newExplain(), newSchema(),
		newUp(), newExec(), newMetrics(), newBinaries(),
		newVersion(),
	)
	root.SetHelpCommandGroupID(groupOther)
	root.SetCompletionCommandGroupID(groupOther)
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Example = `  source <(aggtest completion bash)
  aggtest completion fish > ~/.config/fish/completions/aggtest.fish`
	}
	return root
}

// The headings under which aggtest --help lists the verbs.
const (
	groupScenarios    = "scenarios"
	groupControlPlane = "control-plane"
	groupOther        = "other"
)
