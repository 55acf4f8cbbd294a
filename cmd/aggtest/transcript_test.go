// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	// transcriptDoc has the transcript between these lines.
	transcriptDoc   = "../../docs/metrics.md"
	transcriptBegin = "<!-- transcript: go test ./cmd/aggtest -run TestMetricsTranscript -update -->\n"
	transcriptEnd   = "<!-- end of the transcript -->\n"
	// watched is one wave of the example's queue and half of the next.
	watched = 60 * time.Second
)

// TestMetricsTranscript does what docs/metrics.md shows, with the real kubectl,
// against a running up. The numbers differ from run to run: what is compared is
// what was typed, and the headings of what was printed.
func TestMetricsTranscript(t *testing.T) {
	t.Parallel()
	assets, err := filepath.Abs(os.Getenv("KUBEBUILDER_ASSETS"))
	if err != nil || os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run make test, or set it to what aggtest binaries path prints")
	}
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	environment := append(os.Environ(), "KUBEBUILDER_ASSETS="+assets, "KUBECONFIG="+kubeconfig, "HOME="+dir,
		"TMPDIR="+dir, "PATH="+assets+":"+os.Getenv("PATH"))
	up := exec.Command("aggtest", "up", "-f", "../../docs/examples/autoscaling.yaml", "--write-kubeconfig", kubeconfig)
	up.Env = environment
	var said bytes.Buffer
	up.Stdout, up.Stderr = &said, &said
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	var how error
	go func() {
		defer close(ended)
		how = up.Wait()
	}()
	t.Cleanup(func() {
		_ = up.Process.Signal(syscall.SIGINT)
		<-ended
		if how != nil {
			t.Errorf("aggtest up ended with %v, want no error at an interrupt", how)
		}
		if t.Failed() {
			t.Logf("aggtest up said:\n%s", said.String())
		}
	})
	s := &session{environment: environment}
	s.until(t, ended, "the kubeconfig", func(context.Context) bool { _, err := os.Stat(kubeconfig); return err == nil })
	s.until(t, ended, "metrics of pods", func(ctx context.Context) bool {
		out, err := s.output(ctx, "kubectl", "top", "pods", "-A")
		return err == nil && strings.Contains(out, "worker-") && strings.Contains(out, "metrics-0")
	})

	s.typed(t, "kubectl top nodes", `(?m)^node-a\s+500m\s+12%\s+1024Mi\s+12%\s*$`, `(?m)^node-b\s+500m\s+25%\s+1024Mi\s+25%\s*$`)
	s.typed(t, "kubectl top pods -A --containers", `(?m)^shop\s+worker-\S+\s+worker\s+\d+m\s+48Mi\s*$`,
		`(?m)^shop\s+worker-\S+\s+proxy\s+12m\s+16Mi\s*$`, `(?m)^kube-system\s+metrics-0\s+metrics\s+5m\s+32Mi\s*$`)
	s.typed(t, "kubectl get pods -n kube-system -l app=metrics", `(?m)^metrics-0\s+1/1\s+Running\s+0\s`)
	s.typed(t, "kubectl get apiservices v1beta1.metrics.k8s.io v1beta1.external.metrics.k8s.io", `(?m)^v1beta1.metrics.k8s.io\s+kube-system/metrics\s+True\s`)
	s.watched(t, "kubectl get hpa -A -w")
	s.typed(t, "aggtest metrics list", `(?m)^metrics\s+queue\s+metric\s*$`, `(?m)^metrics\s+worker\s+usage\s*$`)
	s.typed(t, "aggtest metrics set queue 70")
	s.until(t, ended, "seven replicas", func(ctx context.Context) bool {
		out, err := s.output(ctx, "kubectl", "get", "hpa", "worker", "-n", "shop", "--no-headers")
		return err == nil && regexp.MustCompile(`\s7\s+\S+\s*$`).MatchString(out)
	})
	s.typed(t, "kubectl get hpa -A", `(?m)^shop\s+worker\s+Deployment/worker\s+10/10 \(avg\)\s+1\s+10\s+7\s`)
	compareTranscript(t, s.text.String())
}

// session is what is typed at a shell, and what is answered.
type session struct {
	environment []string
	text        strings.Builder
}

func (s *session) output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	// exec looks for the program in the caller's own PATH.
	if found, ok := strings.CutPrefix(name, "kubectl"); ok && found == "" {
		cmd = exec.CommandContext(ctx, filepath.Join(value(s.environment, "KUBEBUILDER_ASSETS"), name), args...)
	}
	cmd.Env = s.environment
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// typed runs a command that must succeed, and whose output must match.
func (s *session) typed(t *testing.T, line string, patterns ...string) {
	t.Helper()
	words := strings.Fields(line)
	out, err := s.output(t.Context(), words[0], words[1:]...)
	if err != nil {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
	for _, pattern := range patterns {
		if !regexp.MustCompile(pattern).MatchString(out) {
			t.Errorf("%s does not print %s:\n%s", line, pattern, out)
		}
	}
	s.add(line, out)
}

func (s *session) add(line, out string) {
	// kubectl fills up the last column.
	out = regexp.MustCompile(`(?m) +$`).ReplaceAllString(out, "")
	fmt.Fprintf(&s.text, "$ %s\n%s", line, out)
	if out != "" {
		s.text.WriteString("\n")
	}
}

// replicasShown are the numbers in the column REPLICAS.
var replicasShown = regexp.MustCompile(`(?m)^shop\s+worker\s+Deployment/worker\s+\S+/10 \(avg\)\s+1\s+10\s+(\d+)\s`)

// watched lets a watch of the autoscaler run, which must show its replicas go up
// and down as the queue does.
func (s *session) watched(t *testing.T, line string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), watched)
	defer cancel()
	words := strings.Fields(line)
	// It ends by our own doing.
	out, _ := s.output(ctx, words[0], words[1:]...)
	var replicas []int
	for _, found := range replicasShown.FindAllStringSubmatch(out, -1) {
		n, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		replicas = append(replicas, n)
	}
	// The queue is 50 ± 40, and there is a worker for each 10.
	if len(replicas) < 10 || slices.Min(replicas) > 2 || slices.Max(replicas) < 9 {
		t.Errorf("the watch shows replicas %v, which do not follow the queue:\n%s", replicas, out)
	}
	s.add(line, out)
}

// until asks until it is so.
func (s *session) until(t *testing.T, ended <-chan struct{}, what string, done func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), awaitLimit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !done(ctx) {
		select {
		case <-tick.C:
		case <-ended:
			t.Fatalf("aggtest up ended while %s was waited for", what)
		case <-ctx.Done():
			t.Fatalf("%s is not there after %s", what, awaitLimit)
		}
	}
}

func value(environment []string, name string) string {
	for _, entry := range slices.Backward(environment) {
		if found, ok := strings.CutPrefix(entry, name+"="); ok {
			return found
		}
	}
	return ""
}

// compareTranscript holds the document's transcript against this run's, or
// rewrites it.
func compareTranscript(t *testing.T, got string) {
	t.Helper()
	data, err := os.ReadFile(transcriptDoc)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), transcriptBegin)
	old, after, closed := strings.Cut(rest, transcriptEnd)
	if !found || !closed {
		t.Fatalf("%s has no place for the transcript: %q and %q", transcriptDoc, transcriptBegin, transcriptEnd)
	}
	if *update {
		text := before + transcriptBegin + "```console\n" + strings.TrimRight(got, "\n") + "\n```\n" + transcriptEnd + after
		if err := os.WriteFile(transcriptDoc, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(headings(old), headings(got)); diff != "" {
		t.Errorf("the transcript in %s is not what is seen (-want +got), -update writes it:\n%s", transcriptDoc, diff)
	}
}

// headings are what was typed and the first line of each answer.
func headings(transcript string) []string {
	var kept []string
	lines := strings.Split(transcript, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "$ ") {
			kept = append(kept, line)
			if i+1 < len(lines) {
				kept = append(kept, strings.Join(strings.Fields(lines[i+1]), " "))
			}
		}
	}
	return kept
}
