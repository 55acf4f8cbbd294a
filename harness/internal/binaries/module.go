// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// pinned holds go.mod and go.sum of each module for the default version, as
// pinned/VERSION/MODULE.mod and .sum: a folder with a real go.mod would be a
// module of its own, which cannot be embedded.
//
//go:embed pinned/*/*.mod pinned/*/*.sum
var pinned embed.FS

// recipe is one of the modules that binaries are built in.
type recipe struct {
	// name is the folder's, and the last part of the module's path.
	name string
	// module and version are what it requires.
	module, version string
	// packages are the commands that the module must be complete for, by binary.
	packages map[Name]string
	// ldflags go to the linker.
	ldflags string
	// pin is the folder in pinned that may have the module.
	pin string
}

func kubernetesRecipe(version string) recipe {
	const stamp = "-X k8s.io/component-base/version."
	return recipe{
		name: "kubernetes", module: "k8s.io/kubernetes", version: version, pin: version,
		packages: map[Name]string{
			KubeAPIServer:         "k8s.io/kubernetes/cmd/kube-apiserver",
			Kubectl:               "k8s.io/kubernetes/cmd/kubectl",
			KubeControllerManager: "k8s.io/kubernetes/cmd/kube-controller-manager",
		},
		ldflags: fmt.Sprintf("-s -w %[1]sgitVersion=%[2]s %[1]sgitMajor=1 %[1]sgitMinor=%[3]d", stamp, version, minorOf(version)),
	}
}

func etcdRecipe(kubernetes string) recipe {
	const module = "go.etcd.io/etcd/server/v3"
	return recipe{
		name: "etcd", module: module, version: etcdVersion(kubernetes), pin: kubernetes,
		packages: map[Name]string{Etcd: module},
		ldflags:  "-s -w",
	}
}

// metricsServerRecipe stamps the version that metrics-server's own Makefile does
// (sigs.k8s.io/metrics-server@v0.9.0/Makefile:57). It is the same for every
// Kubernetes version, and so is its pin.
func metricsServerRecipe() recipe {
	const module = "sigs.k8s.io/metrics-server"
	return recipe{
		name: "metrics-server", module: module, version: metricsServerVersion, pin: DefaultVersion,
		packages: map[Name]string{MetricsServer: module + "/cmd/metrics-server"},
		ldflags:  "-s -w -X k8s.io/client-go/pkg/version.gitVersion=" + metricsServerVersion,
	}
}

func recipeFor(name Name, kubernetes string) recipe {
	switch name {
	case Etcd:
		return etcdRecipe(kubernetes)
	case MetricsServer:
		return metricsServerRecipe()
	default:
		return kubernetesRecipe(kubernetes)
	}
}

// write makes the module in a folder, from the pin if there is one.
func (r recipe) write(ctx context.Context, run goCommand, dir string, say func(string)) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files := map[string][]byte{"tools.go": r.tools()}
	for file, suffix := range map[string]string{"go.mod": ".mod", "go.sum": ".sum"} {
		data, err := pinned.ReadFile(path.Join("pinned", r.pin, r.name+suffix))
		if errors.Is(err, fs.ErrNotExist) {
			return r.generate(ctx, run, dir, say)
		}
		if err != nil {
			return err
		}
		files[file] = data
	}
	for file, data := range files {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate makes the module anew, with whatever its dependencies ask for now.
func (r recipe) generate(ctx context.Context, run goCommand, dir string, say func(string)) error {
	gomod := filepath.Join(dir, "go.mod")
	// The go command would else take a module further up for its own.
	if err := os.WriteFile(gomod, r.header(), 0o644); err != nil {
		return err
	}
	say("reading " + r.module + " " + r.version)
	required, err := r.describe(ctx, run, dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(gomod, r.goMod(required), 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(dir, "go.sum")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "tools.go"), r.tools(), 0o644); err != nil {
		return err
	}
	say("choosing the dependencies of " + r.module + " " + r.version)
	_, err = run.run(ctx, dir, func(line string) bool { return sayDownload(line, say) }, "mod", "tidy")
	return err
}

// requirement is what we need to know from the go.mod of the required module.
// Its fields are those of go mod edit -json.
type requirement struct {
	Go      string
	Godebug []struct{ Key, Value string }
	Replace []struct{ Old, New struct{ Path string } }
}

func (r recipe) describe(ctx context.Context, run goCommand, dir string) (requirement, error) {
	var downloaded struct{ GoMod, Error string }
	out, err := run.run(ctx, dir, nil, "mod", "download", "-json", r.module+"@"+r.version)
	if failed := (*buildError)(nil); errors.As(err, &failed) && json.Unmarshal(out, &downloaded) == nil {
		failed.tail = append(failed.tail, downloaded.Error)
	}
	if err != nil {
		return requirement{}, err
	}
	if err := json.Unmarshal(out, &downloaded); err != nil {
		return requirement{}, fmt.Errorf("read the output of go mod download: %w", err)
	}
	var required requirement
	if out, err = run.run(ctx, dir, nil, "mod", "edit", "-json", downloaded.GoMod); err != nil {
		return requirement{}, err
	}
	if err := json.Unmarshal(out, &required); err != nil {
		return requirement{}, fmt.Errorf("read the output of go mod edit: %w", err)
	}
	return required, nil
}

func (r recipe) header() []byte {
	return fmt.Appendf(nil, "module aggtest.dev/build/%s\n", r.name)
}

// goMod is the module before it is tidied. The godebug lines of a dependency do
// not count, and neither do its replacements: those of Kubernetes point to
// folders that only its repository has.
func (r recipe) goMod(required requirement) []byte {
	b := bytes.NewBuffer(r.header())
	fmt.Fprintf(b, "\ngo %s\n", required.Go)
	for _, debug := range required.Godebug {
		fmt.Fprintf(b, "\ngodebug %s=%s\n", debug.Key, debug.Value)
	}
	fmt.Fprintf(b, "\nrequire %s %s\n", r.module, r.version)
	var staging []string
	for _, replace := range required.Replace {
		if strings.HasPrefix(replace.New.Path, "./staging/") {
			staging = append(staging, replace.Old.Path)
		}
	}
	slices.Sort(staging)
	if len(staging) > 0 {
		b.WriteString("\nreplace (\n")
		for _, module := range staging {
			fmt.Fprintf(b, "\t%s => %s %s\n", module, module, stagingVersion(r.version))
		}
		b.WriteString(")\n")
	}
	return b.Bytes()
}

// tools imports the commands, so that go mod tidy keeps what they need.
func (r recipe) tools() []byte {
	b := bytes.NewBufferString("//go:build tools\n\npackage build\n\nimport (\n")
	for _, name := range every {
		if pkg, ok := r.packages[name]; ok {
			fmt.Fprintf(b, "\t_ %q\n", pkg)
		}
	}
	b.WriteString(")\n")
	return b.Bytes()
}
