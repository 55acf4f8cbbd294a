// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Name is the file name of a binary.
type Name string

// The binaries that this package knows.
const (
	Etcd                  Name = "etcd"
	KubeAPIServer         Name = "kube-apiserver"
	Kubectl               Name = "kubectl"
	KubeControllerManager Name = "kube-controller-manager"
	MetricsServer         Name = "metrics-server"
)

// every holds all names in the order in which they are looked for and built:
// the quick one first, so that an early mistake shows early.
var every = []Name{Etcd, KubeAPIServer, Kubectl, KubeControllerManager, MetricsServer}

// usual is what a control plane needs when nobody asks for more.
var usual = []Name{Etcd, KubeAPIServer, Kubectl}

// inEnvtest says whether envtest's archives hold the binary:
// sigs.k8s.io/controller-runtime@v0.25.2/pkg/envtest/binaries.go:181 takes these
// three for the whole archive.
func (n Name) inEnvtest() bool {
	return n == Etcd || n == KubeAPIServer || n == Kubectl
}

// ofKubernetes says whether the binary is released with Kubernetes, and so has
// its version.
func (n Name) ofKubernetes() bool { return n != Etcd && n != MetricsServer }

// variable is the environment variable that names the binary's path, by the
// rule of sigs.k8s.io/controller-runtime@v0.25.2/pkg/internal/testing/process/bin_path_finder.go:46.
func (n Name) variable() string {
	return "TEST_ASSET_" + strings.ToUpper(strings.ReplaceAll(string(n), "-", "_"))
}

// Place is one of the five places that binaries come from.
type Place string

// The places, in the order in which they are tried.
const (
	Explicit     Place = "explicit"
	Store        Place = "store"
	SetupEnvtest Place = "setup-envtest"
	Download     Place = "download"
	Build        Place = "build"
)

// Found is a binary and where it came from.
type Found struct {
	// Name is the binary.
	Name Name
	// Path is absolute.
	Path string
	// Place is where this call found it: a binary that was built by an earlier
	// call is found in the [Store].
	Place Place
	// Source says it for people: the variable that named it, the archive or the
	// module that it was made from.
	Source string
	// Version is the binary's own, such as v3.7.3 for an etcd. Empty when nobody has
	// looked: [ReportedVersion] does.
	Version string
}

// Set is a found binary for each name that was asked for.
type Set map[Name]Found

// Config says which binaries are wanted and where they may come from. The zero
// value means [DefaultVersion], in the user's own store, from any place.
type Config struct {
	// Version is the Kubernetes version, with or without the v. Empty means
	// [DefaultVersion]. It does not apply to binaries that are given explicitly.
	Version string
	// Store is the folder of our own store. Empty means AGGTEST_BINARIES_DIR,
	// and if that is empty too, aggtest/binaries in the user's cache directory.
	Store string
	// Paths names binaries outright, and wins over everything else. An empty
	// path is as good as none.
	Paths map[Name]string
	// Offline keeps [Ensure] from downloading and building. [Find] does neither
	// in any case.
	Offline bool
	// Index is the URL of envtest's release index. Empty means
	// AGGTEST_ENVTEST_INDEX, and if that is empty too, the public one.
	Index string
	// Go is the go command to build with. Empty means the one on the PATH.
	Go string
	// Progress is told what [Ensure] does, from one goroutine at a time, when a
	// step begins and ends and four times a second in between. It should return
	// at once. Nil means nobody listens.
	Progress func(Event)
	// Getenv reads the environment variables that are named in this package.
	// Nil means [os.Getenv]. The go command gets the process's own environment.
	Getenv func(string) string
}

// settings is a Config with its defaults filled in.
type settings struct {
	Config
	store string
}

func (c Config) settle() (settings, error) {
	if c.Getenv == nil {
		c.Getenv = os.Getenv
	}
	if c.Version == "" {
		c.Version = DefaultVersion
	}
	var err error
	if c.Version, err = NormalizeVersion(c.Version); err != nil {
		return settings{}, err
	}
	for name := range c.Paths {
		if !slices.Contains(every, name) {
			return settings{}, unknownName(name)
		}
	}
	store, err := StoreDir(c)
	if err != nil {
		return settings{}, err
	}
	return settings{Config: c, store: store}, nil
}

// key names the version and the platform in the store.
func (s settings) key() string {
	return s.Version + "-" + runtime.GOOS + "-" + runtime.GOARCH
}

func (s settings) dir() string { return filepath.Join(s.store, s.key()) }

// wanted puts names into the order of every, once each; none means usual.
func wanted(names []Name) ([]Name, error) {
	if len(names) == 0 {
		return usual, nil
	}
	for _, name := range names {
		if !slices.Contains(every, name) {
			return nil, unknownName(name)
		}
	}
	var ordered []Name
	for _, name := range every {
		if slices.Contains(names, name) {
			ordered = append(ordered, name)
		}
	}
	return ordered, nil
}

func unknownName(name Name) error {
	return fmt.Errorf("unknown binary %q: want one of %s", name, joinNames(every))
}

func joinNames(names []Name) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}
