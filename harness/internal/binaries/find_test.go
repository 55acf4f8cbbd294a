// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestOrder takes the places away one by one, the first first.
func TestOrder(t *testing.T) {
	w := newWorld(t)
	w.goCommand("")
	ctx := t.Context()
	path := filepath.Join(w.dir, "given", "my-etcd")
	asset := filepath.Join(w.dir, "asset", "etcd")
	assets := filepath.Join(w.dir, "assets")
	envtest := filepath.Join(w.env["HOME"], ".local", "share", "kubebuilder-envtest", "k8s")
	if runtime.GOOS == "darwin" {
		envtest = filepath.Join(w.env["HOME"], "Library", "Application Support", "io.kubebuilder.envtest", "k8s")
	}
	envtest = filepath.Join(envtest, strings.TrimPrefix(w.settings().key(), "v"), "etcd")
	for _, file := range []string{path, asset, filepath.Join(assets, "etcd"), envtest} {
		w.write(file, w.program(Etcd, "v3.0.0"))
	}
	cfg := w.config()
	cfg.Paths = map[Name]string{Etcd: path}
	w.env[Etcd.variable()] = asset
	w.env[assetsVariable] = assets
	installed := filepath.Join(w.settings().dir(), "etcd")

	steps := []struct {
		reason string
		take   func()
		want   Found
	}{
		{"a path in the config wins over the environment", func() {},
			Found{Path: path, Place: Explicit, Source: "the path given for etcd"}},
		{"the variable of one binary wins over that of a folder", func() { cfg.Paths = nil },
			Found{Path: asset, Place: Explicit, Source: "TEST_ASSET_ETCD"}},
		{"the folder wins over what is not explicit", func() { w.env[Etcd.variable()] = "" },
			Found{Path: filepath.Join(assets, "etcd"), Place: Explicit, Source: "KUBEBUILDER_ASSETS"}},
		{"an empty store is passed over for setup-envtest's", func() { w.env[assetsVariable] = "" },
			Found{Path: envtest, Place: SetupEnvtest, Source: "setup-envtest's store"}},
		{"without that it is built", func() {
			if err := os.Rename(envtest, envtest+".away"); err != nil {
				t.Fatal(err)
			}
		}, Found{Path: installed, Place: Build, Source: "built from go.etcd.io/etcd/server/v3 v3.7.3", Version: "v3.7.3"}},
		{"our own store wins over setup-envtest's", func() {
			if err := os.Rename(envtest+".away", envtest); err != nil {
				t.Fatal(err)
			}
		}, Found{Path: installed, Place: Store, Source: "built from go.etcd.io/etcd/server/v3 v3.7.3", Version: "v3.7.3"}},
	}
	for _, step := range steps {
		step.take()
		step.want.Name = Etcd
		set, err := Ensure(ctx, cfg, Etcd)
		if err != nil {
			t.Fatalf("%s: %v", step.reason, err)
		}
		if set[Etcd] != step.want {
			t.Errorf("%s: got %+v, want %+v", step.reason, set[Etcd], step.want)
		}
	}
}

func TestExplicit(t *testing.T) {
	tests := []struct {
		reason string
		path   string
		env    map[string]string
		name   Name
		want   string // part of the error; empty for success
	}{
		{reason: "a path that is not there", path: "none", name: Etcd, want: "the path given for etcd: stat "},
		{reason: "a variable that names nothing", env: map[string]string{"TEST_ASSET_KUBE_APISERVER": "none"}, name: KubeAPIServer, want: "TEST_ASSET_KUBE_APISERVER: stat "},
		{reason: "a folder that lacks a binary that envtest would have put there", env: map[string]string{"KUBEBUILDER_ASSETS": "half"}, name: Kubectl, want: "KUBEBUILDER_ASSETS: stat "},
		{reason: "a folder that is not there", env: map[string]string{"KUBEBUILDER_ASSETS": "none"}, name: Etcd, want: "KUBEBUILDER_ASSETS: stat "},
		{reason: "a folder where a file should be", env: map[string]string{"TEST_ASSET_ETCD": "half"}, name: Etcd, want: "half is not a file"},
		{reason: "a file that cannot be run", env: map[string]string{"TEST_ASSET_ETCD": "text"}, name: Etcd, want: "text is not executable"},
		{reason: "the other binary of the folder is there", env: map[string]string{"KUBEBUILDER_ASSETS": "half"}, name: Etcd},
		{reason: "kube-controller-manager is never in envtest's folder, so it is looked for further", env: map[string]string{"KUBEBUILDER_ASSETS": "half"}, name: KubeControllerManager, want: "KUBEBUILDER_ASSETS=" /* then all places */},
		{reason: "neither is metrics-server", env: map[string]string{"KUBEBUILDER_ASSETS": "half"}, name: MetricsServer, want: "KUBEBUILDER_ASSETS=" /* then all places */},
		{reason: "a variable that names no metrics-server", env: map[string]string{"TEST_ASSET_METRICS_SERVER": "none", "KUBEBUILDER_ASSETS": "half"}, name: MetricsServer, want: "TEST_ASSET_METRICS_SERVER: stat "},
		{reason: "a folder that has a metrics-server", env: map[string]string{"KUBEBUILDER_ASSETS": "full"}, name: MetricsServer},
	}
	w := newWorld(t)
	w.write(filepath.Join(w.dir, "half", "etcd"), "")
	w.write(filepath.Join(w.dir, "full", "metrics-server"), "")
	w.write(filepath.Join(w.dir, "text"), "")
	if err := os.Chmod(filepath.Join(w.dir, "text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			cfg := w.config()
			if test.path != "" {
				cfg.Paths = map[Name]string{test.name: filepath.Join(w.dir, test.path)}
			}
			env := maps.Clone(w.env)
			for name, value := range test.env {
				env[name] = filepath.Join(w.dir, value)
			}
			cfg.Getenv = func(name string) string { return env[name] }
			set, err := Find(t.Context(), cfg, test.name)
			if test.want == "" {
				if err != nil || set[test.name].Place != Explicit {
					t.Fatalf("got %+v, %v", set, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v does not have %q", err, test.want)
			}
			if missing := errors.As(err, new(*MissingError)); missing != strings.HasSuffix(test.want, "=") {
				t.Errorf("looked further: %v, for %v", missing, err)
			}
		})
	}
}

func TestWrongInput(t *testing.T) {
	w := newWorld(t)
	version, paths := w.config(), w.config()
	version.Version = "1.37"
	paths.Paths = map[Name]string{"kubelet": "/bin/true"}
	_, errVersion := Find(t.Context(), version)
	_, errPaths := Ensure(t.Context(), paths)
	_, errName := Ensure(t.Context(), w.config(), Etcd, "kubelet")
	for _, test := range []struct {
		err  error
		want string
	}{
		{errVersion, `kubernetes version "1.37": want 1.MINOR.PATCH, such as v1.37.2`},
		{errPaths, `unknown binary "kubelet": want one of etcd, kube-apiserver, kubectl, kube-controller-manager, metrics-server`},
		{errName, `unknown binary "kubelet": want one of etcd, kube-apiserver, kubectl, kube-controller-manager, metrics-server`},
	} {
		if test.err == nil || test.err.Error() != test.want {
			t.Errorf("got %v, want %s", test.err, test.want)
		}
	}
}

func TestFindEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Find(ctx, newWorld(t).config()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSetupEnvtestDir(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("XDG_DATA_HOME has no meaning there")
	}
	tests := []struct {
		reason    string
		xdg, home string
		want      string
	}{
		{"the default", "", "/home/me", "/home/me/.local/share/kubebuilder-envtest/k8s"},
		{"XDG_DATA_HOME goes first", "/data", "/home/me", "/data/kubebuilder-envtest/k8s"},
		{"XDG_DATA_HOME suffices", "/data", "", "/data/kubebuilder-envtest/k8s"},
		{"neither is an error", "", "", ""},
	}
	for _, test := range tests {
		got, err := setupEnvtestDir(func(name string) string {
			return map[string]string{"XDG_DATA_HOME": test.xdg, "HOME": test.home}[name]
		})
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s: got %q, %v; want %q", test.reason, got, err, test.want)
		}
	}
}
