// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// checkLimit bounds a --version, which takes well under a second: ten times
// over for a machine whose processors and disk are busy building.
const checkLimit = 30 * time.Second

// busyInterval is between two tries to run a file that another process still
// has open for writing: a child that some other goroutine is just starting has
// our descriptors until its exec, which takes a millisecond.
const busyInterval = 10 * time.Millisecond

// printedVersion finds the version in what each binary prints:
//
//	etcd Version: 3.7.3
//	Kubernetes v1.37.2
//	Client Version: v1.37.2
//	v0.9.0
var printedVersion = map[Name]*regexp.Regexp{
	Etcd:                  regexp.MustCompile(`(?m)^etcd Version: v?(\S+)$`),
	KubeAPIServer:         regexp.MustCompile(`(?m)^Kubernetes v?(\S+)$`),
	KubeControllerManager: regexp.MustCompile(`(?m)^Kubernetes v?(\S+)$`),
	Kubectl:               regexp.MustCompile(`(?m)^Client Version: v?(\S+)$`),
	// The version alone: sigs.k8s.io/metrics-server@v0.9.0/cmd/metrics-server/app/start.go:80.
	MetricsServer: regexp.MustCompile(`(?m)^v?([0-9]+\.[0-9]+\.[0-9]+\S*)$`),
}

// ReportedVersion runs a binary to ask it for its version, such as v1.37.2 or,
// of an etcd, v3.7.3, and of a metrics-server, v0.9.0. It is an error if the binary does not run or is not what
// its name says.
func ReportedVersion(ctx context.Context, name Name, path string) (string, error) {
	pattern, ok := printedVersion[name]
	if !ok {
		return "", unknownName(name)
	}
	args := []string{"--version"}
	if name == Kubectl {
		args = []string{"version", "--client"}
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	// A home of its own: a kubectl that reads somebody's preferences may fail on them.
	home, err := os.MkdirTemp("", "aggtest-version-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(home)

	command := strings.Join(append([]string{path}, args...), " ")
	var output []byte
	for {
		cmd := exec.CommandContext(ctx, path, args...)
		inOwnGroup(cmd)
		cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
		output, err = cmd.CombinedOutput()
		if !errors.Is(err, syscall.ETXTBSY) {
			break
		}
		select {
		case <-time.After(busyInterval):
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return "", fmt.Errorf("run %s: %w", command, ctx.Err())
	}
	if err != nil {
		return "", fmt.Errorf("run %s: %w: %s", command, err, lastLines(string(output), 3))
	}
	match := pattern.FindSubmatch(output)
	if match == nil {
		return "", fmt.Errorf("run %s: no version of %s in its output: %s", command, name, lastLines(string(output), 3))
	}
	return "v" + string(match[1]), nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
