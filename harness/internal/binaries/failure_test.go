// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMissing draws the whole error for each way in which nothing works.
func TestMissing(t *testing.T) {
	tests := []struct {
		golden string
		reason string
		change func(w *world, cfg *Config)
		names  []Name
	}{
		{"missing-offline.txt", "told to stay offline", func(w *world, cfg *Config) { cfg.Offline = true }, nil},
		{"missing-no-go.txt", "no network that has the archive, and no Go", func(w *world, cfg *Config) {
			cfg.Go = "no-such-go"
		}, []Name{Etcd}},
		{"missing-build.txt", "a package does not compile", func(w *world, cfg *Config) {
			w.goCommand(`for i in $(seq 20); do echo "main.go:$i: wrong" >&2; done; exit 1`)
		}, []Name{Etcd, Kubectl}},
		{"missing-controller-manager.txt", "an archive never has it", func(w *world, cfg *Config) {
			cfg.Go = "no-such-go"
		}, []Name{KubeControllerManager}},
		{"missing-metrics-server.txt", "the advice names all that is missing, not only what is asked for seldom", func(w *world, cfg *Config) {
			cfg.Offline = true
		}, []Name{Etcd, MetricsServer}},
		{"missing-store.txt", "a file stands where the store should be", func(w *world, cfg *Config) {
			w.write(w.store(), "")
		}, []Name{Etcd}},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			w := newWorld(t)
			cfg := w.config()
			test.change(w, &cfg)
			_, err := Ensure(t.Context(), cfg, test.names...)
			if !errors.As(err, new(*MissingError)) {
				t.Fatalf("got %v", err)
			}
			w.golden(test.golden, err.Error())
		})
	}
}

func TestFindNeedsNoNetwork(t *testing.T) {
	w := newWorld(t)
	w.goCommand("")
	_, err := Find(t.Context(), w.config(), Etcd)
	if err == nil || !strings.Contains(err.Error(), "build: not tried: only looking") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(w.store()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("looking made the store: %v", err)
	}
}

func TestBuildLogHasAll(t *testing.T) {
	w := newWorld(t)
	w.goCommand(`for i in $(seq 20); do echo "main.go:$i: wrong" >&2; done; exit 1`)
	_, err := Ensure(t.Context(), w.config(), Etcd)
	failed := (*buildError)(nil)
	if !errors.As(err, &failed) {
		t.Fatalf("got %v", err)
	}
	if len(failed.tail) != tailLength || failed.tail[0] != "main.go:6: wrong" {
		t.Errorf("the tail is %q", failed.tail)
	}
	log, err := os.ReadFile(failed.log)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if line := fmt.Sprintf("main.go:%d: wrong\n", i+1); !strings.Contains(string(log), line) {
			t.Errorf("the log lacks %q", line)
		}
	}
	if want := filepath.Join(w.store(), "logs", w.settings().key()+"-etcd.log"); failed.log != want {
		t.Errorf("the log is %s, want %s", failed.log, want)
	}
}

func TestBuildHelp(t *testing.T) {
	tests := []struct {
		reason string
		line   string
		want   string
	}{
		{"an old Go", "go: go.mod requires go >= 1.26.0 (running go 1.25.1; GOTOOLCHAIN=local)", "install a newer Go"},
		{"no such release", `go: k8s.io/kubernetes@v1.99.0: invalid version: unknown revision v1.99.0`, "choose a Kubernetes release that exists"},
		{"no proxy", `Get "https://proxy.example/x": dial tcp: lookup proxy.example: no such host`, "make a Go module proxy reachable"},
		{"no proxy wanted", "module lookup disabled by GOPROXY=off", "make a Go module proxy reachable"},
		{"no room", "write /x: no space left on device", "make room on the disk"},
		{"anything else", "undefined: x", "mend what /log ends with"},
	}
	for _, test := range tests {
		e := &buildError{tail: []string{test.line}, log: "/log"}
		got := e.help("INSTALL")
		if !strings.HasPrefix(got, test.want) || !strings.HasSuffix(got, ", then run: INSTALL") {
			t.Errorf("%s: got %q", test.reason, got)
		}
	}
}

func TestDamaged(t *testing.T) {
	tests := []struct {
		reason string
		damage func(w *world, etcd string)
		want   string // what is said about it; empty if it is no damage
	}{
		{"cut short", func(w *world, etcd string) { w.write(etcd, "#!/bin/sh\n") }, "is damaged: it has 10 bytes, and was installed with"},
		{"other contents of the same size", func(w *world, etcd string) {
			w.write(etcd, strings.ReplaceAll(w.read(etcd), "3.7.3", "3.7.4"))
		}, "is damaged: its contents are not those that were installed"},
		{"the same contents, copied", func(w *world, etcd string) { w.write(etcd, w.read(etcd)) }, ""},
		{"removed", func(w *world, etcd string) { w.remove(etcd) }, "no such file or directory, though it was installed"},
		{"no longer a program", func(w *world, etcd string) {
			if err := os.Chmod(etcd, 0o644); err != nil {
				w.t.Fatal(err)
			}
		}, "is not executable, though it was installed"},
		{"a manifest that is none", func(w *world, etcd string) {
			w.write(filepath.Join(filepath.Dir(etcd), manifestName), "{")
		}, "manifest.json cannot be read: unexpected end of JSON input"},
		{"cut off between the binary and the manifest", func(w *world, etcd string) {
			w.remove(filepath.Join(filepath.Dir(etcd), manifestName))
		}, "not installed in"},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			w := newWorld(t)
			w.goCommand("")
			cfg := w.config()
			set, err := Ensure(t.Context(), cfg, Etcd)
			if err != nil {
				t.Fatal(err)
			}
			test.damage(w, set[Etcd].Path)
			_, err = Find(t.Context(), cfg, Etcd)
			if test.want == "" {
				if err != nil {
					t.Errorf("it is as it was, but: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("found %v, want %q", err, test.want)
			}
			set, err = Ensure(t.Context(), cfg, Etcd)
			if err != nil || set[Etcd].Place != Build {
				t.Fatalf("not mended: %+v, %v", set, err)
			}
			said := strings.Join(w.texts(), "\n")
			if again := strings.Contains(said, "etcd: installing it again: "); again != (test.want != "not installed in") {
				t.Errorf("said %s", said)
			}
			if _, err := Find(t.Context(), cfg, Etcd); err != nil {
				t.Errorf("still damaged: %v", err)
			}
		})
	}
}

func (w *world) read(path string) string {
	w.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

func (w *world) remove(path string) {
	w.t.Helper()
	if err := os.Remove(path); err != nil {
		w.t.Fatal(err)
	}
}
