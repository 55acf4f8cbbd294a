// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestEnsureBuildsAndThenOnlyLooks(t *testing.T) {
	w := newWorld(t)
	w.goCommand("")
	cfg := w.config()
	set, err := Ensure(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range usual {
		if set[name].Place != Build || set[name].Path != filepath.Join(w.settings().dir(), string(name)) {
			t.Errorf("%s: %+v", name, set[name])
		}
	}
	said := w.texts()
	for _, want := range []string{
		"reading http://127.0.0.1:0/index",
		"etcd: writing the module to build it in", "etcd: downloading k8s.io/api v0.37.2", "etcd: compiling", "etcd: compiled", "etcd: checking", "etcd: installed v3.7.3",
		"kube-apiserver: compiling", "kube-apiserver: installed v1.37.2",
		"kubectl: compiling", "kubectl: installed v1.37.2",
	} {
		i := slices.Index(said, want)
		if i < 0 {
			t.Fatalf("did not say %q in its turn:\n%s", want, strings.Join(w.texts(), "\n"))
		}
		said = said[i+1:]
	}
	if left, err := os.ReadDir(w.settings().scratchDir(w.settings().key())); err != nil || len(left) > 0 {
		t.Errorf("the scratch folder has %v, %v", left, err)
	}

	before := len(w.called(""))
	cfg.Offline = true
	for _, get := range []func(context.Context, Config, ...Name) (Set, error){Find, Ensure} {
		again, err := get(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if again[Kubectl].Place != Store || again[Kubectl].Version != DefaultVersion {
			t.Errorf("found %+v", again[Kubectl])
		}
	}
	if after := w.called(""); len(after) != before {
		t.Errorf("a filled store started %v", after[before:])
	}
}

func TestBuildCommand(t *testing.T) {
	w := newWorld(t)
	w.goCommand(`cat go.mod >>` + filepath.Join(w.dir, "mods") + `; echo "$CGO_ENABLED $GOWORK $GOFLAGS" >>` + filepath.Join(w.dir, "mods"))
	if _, err := Ensure(t.Context(), w.config(), Etcd, KubeAPIServer); err != nil {
		t.Fatal(err)
	}
	builds := w.called("go build")
	const flags = "go build -v -mod=readonly -trimpath -ldflags -s -w"
	const stamp = " -X k8s.io/component-base/version.gitVersion=v1.37.2 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37"
	if len(builds) != 2 || !strings.HasPrefix(builds[0], flags+" -o ") || !strings.HasSuffix(builds[0], " go.etcd.io/etcd/server/v3") ||
		!strings.HasPrefix(builds[1], flags+stamp+" -o ") || !strings.HasSuffix(builds[1], " k8s.io/kubernetes/cmd/kube-apiserver") {
		t.Errorf("built by\n%s", strings.Join(builds, "\n"))
	}
	mods, err := os.ReadFile(filepath.Join(w.dir, "mods"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"require go.etcd.io/etcd/server/v3 v3.7.3", "require k8s.io/kubernetes v1.37.2", "0 off -buildvcs=false"} {
		if !strings.Contains(string(mods), want) {
			t.Errorf("the modules and the environment lack %q", want)
		}
	}
}

func TestEnsureResumes(t *testing.T) {
	w := newWorld(t)
	mended := filepath.Join(w.dir, "mended")
	w.goCommand(`if [ "$name" = kubectl ] && [ ! -e ` + mended + ` ]; then exit 1; fi`)
	_, err := Ensure(t.Context(), w.config())
	missing := (*MissingError)(nil)
	if !errors.As(err, &missing) || !slices.Equal(missing.Names, []Name{Kubectl}) {
		t.Fatalf("got %v", err)
	}
	w.write(mended, "")
	set, err := Ensure(t.Context(), w.config())
	if err != nil {
		t.Fatal(err)
	}
	if set[Etcd].Place != Store || set[KubeAPIServer].Place != Store || set[Kubectl].Place != Build {
		t.Errorf("got %+v", set)
	}
	if builds := w.called("go build"); len(builds) != 4 {
		t.Errorf("four builds are enough, saw\n%s", strings.Join(builds, "\n"))
	}
}

func TestEnsureWaitsForAnother(t *testing.T) {
	w := newWorld(t)
	gate := w.fifo("gate")
	w.goCommand(`if [ "$name" = etcd ]; then read line <` + gate + `; fi`)
	waiting := make(chan string, 1)
	first, second := w.config(), w.config()
	building := make(chan struct{})
	once := sync.OnceFunc(func() { close(building) })
	first.Progress = func(e Event) {
		if e.Unit == "packages" {
			once()
		}
	}
	second.Progress = func(e Event) {
		if e.Place == Store && e.Total == 0 {
			select {
			case waiting <- e.Text:
			default:
			}
		}
	}
	var wg sync.WaitGroup
	var sets [2]Set
	var errs [2]error
	wg.Go(func() { sets[0], errs[0] = Ensure(t.Context(), first) })
	<-building
	wg.Go(func() { sets[1], errs[1] = Ensure(t.Context(), second) })
	want := fmt.Sprintf("waiting for process %d, which is installing %s", os.Getpid(), w.settings().key())
	if text := <-waiting; text != want {
		t.Errorf("said %q, want %q", text, want)
	}
	w.release(gate)
	wg.Wait()
	if errs[0] != nil || errs[1] != nil {
		t.Fatal(errs)
	}
	if sets[0][Etcd].Place != Build || sets[1][Etcd].Place != Store {
		t.Errorf("got %v and %v", sets[0][Etcd], sets[1][Etcd])
	}
	if builds := w.called("go build"); len(builds) != 3 {
		t.Errorf("each is built once, saw\n%s", strings.Join(builds, "\n"))
	}
}

func TestEnsureInTwoProcesses(t *testing.T) {
	w := newWorld(t)
	gate := w.fifo("gate")
	w.goCommand(`if [ "$name" = etcd ]; then read line <` + gate + `; fi`)
	start := func(until string) (*exec.Cmd, *bufio.Scanner) {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childVariable+"="+w.store(), childVariable+"_GO="+filepath.Join(w.dir, "go"))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), until) {
				return cmd, lines
			}
		}
		t.Fatalf("the process never said %q", until)
		return nil, nil
	}
	first, firstLines := start("compiling")
	second, secondLines := start(fmt.Sprintf("waiting for process %d,", first.Process.Pid))
	w.release(gate)
	var said []string
	for _, lines := range []*bufio.Scanner{firstLines, secondLines} {
		for lines.Scan() {
			said = append(said, lines.Text())
		}
	}
	if err := errors.Join(first.Wait(), second.Wait()); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(said, "\n"))
	}
	if builds := w.called("go build"); len(builds) != 3 {
		t.Errorf("each is built once, saw\n%s", strings.Join(builds, "\n"))
	}
}

func TestEnsureEndsWithItsContext(t *testing.T) {
	t.Run("while building", func(t *testing.T) {
		w := newWorld(t)
		// A shell makes its background processes deaf to interrupts.
		w.goCommand(`if [ "$name" = kube-apiserver ]; then sleep 300 & wait; fi`)
		ctx, cancel := context.WithCancel(t.Context())
		cfg := w.config()
		var ended time.Time
		cfg.Progress = func(e Event) {
			if e.Binary == KubeAPIServer && e.Done == 2 && ended.IsZero() {
				ended = time.Now()
				cancel()
			}
		}
		_, err := Ensure(ctx, cfg)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "get kube-apiserver, kubectl") {
			t.Errorf("got %v", err)
		}
		// The sleep has our pipe: it would hold up the end for all of the grace.
		if took := time.Since(ended); took >= outputGrace {
			t.Errorf("took %v to end, so a process of the group lived on", took)
		}
		unlock, err := tryLock(w.settings().lockPath(w.settings().key()))
		if err != nil {
			t.Fatalf("the lock is still held: %v", err)
		}
		unlock()
		if set, err := Find(t.Context(), cfg, Etcd); err != nil {
			t.Errorf("what was finished is gone: %v, %v", set, err)
		}
	})
	t.Run("while waiting", func(t *testing.T) {
		w := newWorld(t)
		unlock, err := lock(t.Context(), w.settings().lockPath(w.settings().key()), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		ctx, cancel := context.WithCancel(t.Context())
		cfg := w.config()
		cfg.Progress = func(e Event) { cancel() }
		if _, err := Ensure(ctx, cfg); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestEnsureRefusesAnotherVersion(t *testing.T) {
	w := newWorld(t)
	w.goCommand("")
	w.write(filepath.Join(w.dir, "built", "kubectl"), w.program(Kubectl, "v1.37.1"))
	_, err := Ensure(t.Context(), w.config())
	if err == nil || !strings.Contains(err.Error(), "check the new kubectl: it says that it is v1.37.1, not v1.37.2") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(w.settings().dir(), "kubectl")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was installed: %v", err)
	}
}

func TestMetricsServerHasItsOwnVersion(t *testing.T) {
	tests := []struct {
		reason  string
		version string
		err     string
	}{
		{"its own, whatever Kubernetes is", metricsServerVersion, ""},
		{"one that was not asked for", "v0.8.1", "check the new metrics-server: it says that it is v0.8.1, not " + metricsServerVersion},
		{"that of Kubernetes", DefaultVersion, "it says that it is " + DefaultVersion + ", not " + metricsServerVersion},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			w := newWorld(t)
			w.goCommand("")
			w.write(filepath.Join(w.dir, "built", "metrics-server"), w.program(MetricsServer, test.version))
			cfg := w.config()
			// Its pin serves for every Kubernetes version: the fake go command
			// could not generate the module.
			cfg.Version = "1.36.0"
			set, err := Ensure(t.Context(), cfg, MetricsServer)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("error %v does not say %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := set[MetricsServer]; got.Version != test.version || got.Source != "built from sigs.k8s.io/metrics-server "+metricsServerVersion {
				t.Errorf("got %+v", got)
			}
			const stamp = " -X k8s.io/client-go/pkg/version.gitVersion=" + metricsServerVersion + " -o "
			if builds := w.called("go build"); len(builds) != 1 || !strings.Contains(builds[0], stamp) || !strings.HasSuffix(builds[0], " sigs.k8s.io/metrics-server/cmd/metrics-server") {
				t.Errorf("built by\n%s", strings.Join(builds, "\n"))
			}
		})
	}
}
