// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// setupEnvtest finds a binary in the store that setup-envtest and envtest
// share. It has no record of what it holds, so a file there is taken as it is.
func (q *search) setupEnvtest(name Name) (Found, error) {
	root, err := setupEnvtestDir(q.Getenv)
	if err != nil {
		return Found{}, err
	}
	version := strings.TrimPrefix(q.Version, "v")
	path := filepath.Join(root, version+"-"+runtime.GOOS+"-"+runtime.GOARCH, string(name))
	if err := usable(path); err != nil {
		return Found{}, err
	}
	found := Found{Name: name, Path: path, Place: SetupEnvtest, Source: "setup-envtest's store"}
	if name.ofKubernetes() {
		found.Version = q.Version
	}
	return found, nil
}

// setupEnvtestDir is where setup-envtest keeps its folders, one a version and
// platform, unless it was told otherwise by a flag: no variable names another.
// The rules are those of
// sigs.k8s.io/controller-runtime/tools/setup-envtest@v0.25.1/store/helpers.go:35
// and store.go:257.
func setupEnvtestDir(getenv func(string) string) (string, error) {
	program := "kubebuilder-envtest"
	base := getenv("XDG_DATA_HOME")
	home := getenv("HOME")
	switch {
	case runtime.GOOS == "darwin" && home == "", base == "" && home == "":
		return "", fmt.Errorf("its folder is not known: HOME is not set")
	case runtime.GOOS == "darwin":
		program = "io.kubebuilder.envtest"
		base = filepath.Join(home, "Library", "Application Support")
	case base == "":
		base = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(base, program, "k8s"), nil
}
