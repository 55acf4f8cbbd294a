// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPin checks that the pinned modules are those that would be generated, as
// far as that can be seen without a network. With -update-pin it generates them.
func TestPin(t *testing.T) {
	for _, r := range []recipe{etcdRecipe(DefaultVersion), kubernetesRecipe(DefaultVersion), metricsServerRecipe()} {
		t.Run(r.name, func(t *testing.T) {
			if *updatePin {
				generatePin(t, r)
			}
			file := path.Join("pinned", DefaultVersion, r.name)
			out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", file+".mod").Output()
			if err != nil {
				t.Fatal(err)
			}
			var pin struct {
				Module  struct{ Path string }
				Require []struct{ Path, Version string }
				Replace []struct {
					Old, New struct{ Path, Version string }
				}
				Godebug         []struct{ Key, Value string }
				Go              string
				Exclude, Ignore []any
			}
			if err := json.Unmarshal(out, &pin); err != nil {
				t.Fatal(err)
			}
			if pin.Module.Path != "aggtest.dev/build/"+r.name || pin.Go == "" {
				t.Errorf("it is module %s, go %q", pin.Module.Path, pin.Go)
			}
			if pin.Require[0].Path != r.module || pin.Require[0].Version != r.version {
				t.Errorf("it requires %v, want %s %s", pin.Require[0], r.module, r.version)
			}
			if godebug := len(pin.Godebug); godebug != map[string]int{"kubernetes": 1}[r.name] {
				t.Errorf("it has %d godebug lines", godebug)
			}
			for _, replace := range pin.Replace {
				if replace.Old.Path != replace.New.Path || replace.New.Version != stagingVersion(r.version) {
					t.Errorf("it replaces %v", replace)
				}
			}
			sums, err := os.ReadFile(file + ".sum")
			if err != nil {
				t.Fatal(err)
			}
			if want := r.module + " " + r.version + " h1:"; !strings.Contains(string(sums), want) {
				t.Errorf("its sums lack %s", want)
			}
		})
	}
}

func generatePin(t *testing.T, r recipe) {
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	run := goCommand{path: "go", env: buildEnvironment(os.Environ(), dir), log: log}
	module := filepath.Join(dir, r.name)
	if err := os.Mkdir(module, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.generate(t.Context(), run, module, func(text string) { t.Log(text) }); err != nil {
		t.Fatal(err)
	}
	for file, suffix := range map[string]string{"go.mod": ".mod", "go.sum": ".sum"} {
		data, err := os.ReadFile(filepath.Join(module, file))
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join("pinned", DefaultVersion, r.name+suffix)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGoMod(t *testing.T) {
	var required requirement
	err := json.Unmarshal([]byte(`{"Go": "1.26.0", "Godebug": [{"Key": "default", "Value": "go1.26"}], "Replace": [
		{"Old": {"Path": "k8s.io/client-go"}, "New": {"Path": "./staging/src/k8s.io/client-go"}},
		{"Old": {"Path": "k8s.io/api"}, "New": {"Path": "./staging/src/k8s.io/api"}},
		{"Old": {"Path": "example.com/elsewhere"}, "New": {"Path": "example.com/fork", "Version": "v1.0.0"}}
	]}`), &required)
	if err != nil {
		t.Fatal(err)
	}
	const want = `module aggtest.dev/build/kubernetes

go 1.26.0

godebug default=go1.26

require k8s.io/kubernetes v1.38.0-rc.1

replace (
	k8s.io/api => k8s.io/api v0.38.0-rc.1
	k8s.io/client-go => k8s.io/client-go v0.38.0-rc.1
)
`
	if got := string(kubernetesRecipe("v1.38.0-rc.1").goMod(required)); got != want {
		t.Errorf("got\n%s", got)
	}
}

// TestGenerated builds a version that has no pin.
func TestGenerated(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.dir, "go"), `#!/bin/sh
echo "go $1 $2 $3 $4" >>`+w.calls+`
case "$1 $2" in
"mod download") echo '{"GoMod": "/cache/etcd.mod", "Error": "x: unknown revision v3.6.8"}'; test ! -e `+w.dir+`/broken ;;
"mod edit") echo '{"Go": "1.25"}' ;;
"mod tidy") cat go.mod >>`+w.calls+` ;;
"list -deps") echo "true go.etcd.io/etcd/server/v3" ;;
build*) while [ "$1" != -o ]; do shift; done; cp `+w.dir+`/etcd "$2" ;;
esac
`)
	w.write(filepath.Join(w.dir, "etcd"), w.program(Etcd, "v3.6.8"))
	cfg := w.config()
	cfg.Version = "1.36.0"
	w.write(filepath.Join(w.dir, "broken"), "")
	_, err := Ensure(t.Context(), cfg, Etcd)
	if err == nil || !strings.Contains(err.Error(), "help: choose a Kubernetes release that exists") {
		t.Errorf("got %v", err)
	}
	w.remove(filepath.Join(w.dir, "broken"))
	w.remove(w.calls)
	set, err := Ensure(t.Context(), cfg, Etcd)
	if err != nil {
		t.Fatal(err)
	}
	if set[Etcd].Source != "built from go.etcd.io/etcd/server/v3 v3.6.8" {
		t.Errorf("got %+v", set[Etcd])
	}
	want := []string{
		"go mod download -json go.etcd.io/etcd/server/v3@v3.6.8", "go mod edit -json /cache/etcd.mod", "go mod tidy ",
		"module aggtest.dev/build/etcd", "go 1.25", "require go.etcd.io/etcd/server/v3 v3.6.8",
		"go list -deps -f {{.Stale}} {{.ImportPath}}", "go build -v -mod=readonly -trimpath",
	}
	for _, line := range want {
		if !slices.Contains(w.called(""), strings.TrimSpace(line)) {
			t.Errorf("no line %q in\n%s", line, strings.Join(w.called(""), "\n"))
		}
	}
}

func TestBuildEnvironment(t *testing.T) {
	got := buildEnvironment([]string{"PATH=/bin", "GOFLAGS=-mod=vendor", "GOOS=plan9", "GOWORK=/w", "GOPROXY=https://proxy.example"}, "/tmp/x")
	want := []string{
		"PATH=/bin", "GOPROXY=https://proxy.example",
		"CGO_ENABLED=0", "GO111MODULE=on", "GOWORK=off", "GOFLAGS=-buildvcs=false", "GOTMPDIR=/tmp/x",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
