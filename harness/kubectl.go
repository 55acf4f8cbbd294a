// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// kubectlGrace is how long kubectl's output is read after its end before its pipes
// are given up: it has no children that would hold them, and a machine that is
// overloaded takes seconds to read what is there.
const kubectlGrace = 10 * time.Second

// KubectlRun is one run of the real kubectl.
type KubectlRun struct {
	// Args are its arguments, without the name.
	Args []string
	// Input is its standard input.
	Input string
	// User and Groups are who it runs as. An empty User is the administrator.
	User   string
	Groups []string
}

// KubectlResult is what kubectl printed and how it ended.
type KubectlResult struct {
	Stdout, Stderr string
	// ExitCode is 0 when kubectl says that all is well.
	ExitCode int
}

// Kubectl runs the control plane's own kubectl against the first
// kube-apiserver, with a discovery cache of its own so that it sees what there
// is now. An exit code other than 0 is no error; kubectl that could not be run,
// or was cut short by ctx, is.
func (c *Cluster) Kubectl(ctx context.Context, run KubectlRun) (KubectlResult, error) {
	kubeconfig, err := c.Kubeconfig(run.User, run.Groups...)
	if err != nil {
		return KubectlResult{}, err
	}
	// The home directory holds the cache and would hold a kuberc.
	home, err := os.MkdirTemp(c.Dir(), "kubectl-")
	if err != nil {
		return KubectlResult{}, fmt.Errorf("run kubectl: %w", err)
	}
	defer func() { _ = os.RemoveAll(home) }()
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, c.kubectl, run.Args...)
	command.Env = kubectlEnv(os.Environ(), home, kubeconfig)
	command.Stdin = strings.NewReader(run.Input)
	command.Stdout, command.Stderr = &stdout, &stderr
	command.WaitDelay = kubectlGrace
	err = command.Run()
	result := KubectlResult{Stdout: stdout.String(), Stderr: stderr.String()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return result, fmt.Errorf("run kubectl %s: %w", strings.Join(run.Args, " "), causeOf(ctx))
	case errors.As(err, &exit):
		result.ExitCode = exit.ExitCode()
		return result, nil
	case err != nil:
		return result, fmt.Errorf("run kubectl %s: %w", strings.Join(run.Args, " "), err)
	}
	return result, nil
}

// kubectlEnv keeps a person's own settings away from a run that has to come
// out the same everywhere.
func kubectlEnv(environ []string, home, kubeconfig string) []string {
	var env []string
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		upper := strings.ToUpper(name)
		if strings.HasPrefix(upper, "KUBE") || strings.HasSuffix(upper, "_PROXY") || upper == "HOME" {
			continue
		}
		env = append(env, variable)
	}
	return append(env, "HOME="+home, "KUBECONFIG="+kubeconfig)
}
