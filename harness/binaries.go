// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/aggtest/aggtest/harness/internal/binaries"
)

// DefaultKubernetes is the version of the control plane when none is named.
const DefaultKubernetes = binaries.DefaultVersion

// BinariesConfig says where the control plane's programs may come from: paths
// given outright, aggtest's store, setup-envtest's store, a download, a build.
// Its Version is the Kubernetes version, empty for [DefaultKubernetes].
type BinariesConfig = binaries.Config

// BinaryName is the file name of one of the control plane's programs.
type BinaryName = binaries.Name

// The control plane's programs, and the metrics-server that serves metrics.k8s.io
// behind it. Its version, v0.9.0, is not that of Kubernetes.
const (
	EtcdBinary                  = binaries.Etcd
	KubeAPIServerBinary         = binaries.KubeAPIServer
	KubectlBinary               = binaries.Kubectl
	KubeControllerManagerBinary = binaries.KubeControllerManager
	MetricsServerBinary         = binaries.MetricsServer
)

// BinaryEvent is what is being done to get the programs; BinariesConfig.Progress
// is told of it.
type BinaryEvent = binaries.Event

// Binaries is a found program for each name that was asked for.
type Binaries = binaries.Set

// InstalledBinary is one program in aggtest's store.
type InstalledBinary = binaries.Installed

// ofVersion looks for another version than the one whose programs may have been
// given outright, so that these do not count.
func ofVersion(cfg BinariesConfig, version string) BinariesConfig {
	getenv := cfg.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	cfg.Version = version
	cfg.Paths = nil
	cfg.Getenv = func(name string) string {
		if name == "KUBEBUILDER_ASSETS" || strings.HasPrefix(name, "TEST_ASSET_") {
			return ""
		}
		return getenv(name)
	}
	return cfg
}

// sameVersion compares versions that are written with or without a v.
func sameVersion(a, b string) (bool, error) {
	a, errA := binaries.NormalizeVersion(a)
	b, errB := binaries.NormalizeVersion(b)
	return a == b, errors.Join(errA, errB)
}

// FindBinaries looks for programs where they may be already and touches no
// network. No names means etcd, kube-apiserver and kubectl. The error lists each
// place that was looked at.
func FindBinaries(ctx context.Context, cfg BinariesConfig, names ...BinaryName) (Binaries, error) {
	return binaries.Find(ctx, cfg, names...)
}

// InstallBinaries is FindBinaries that downloads or builds what is missing and
// keeps it in aggtest's store.
func InstallBinaries(ctx context.Context, cfg BinariesConfig, names ...BinaryName) (Binaries, error) {
	return binaries.Ensure(ctx, cfg, names...)
}

// ListBinaries returns what is in aggtest's store, of every version.
func ListBinaries(cfg BinariesConfig) ([]InstalledBinary, error) { return binaries.List(cfg) }

// BinariesStore is the path of aggtest's store.
func BinariesStore(cfg BinariesConfig) (string, error) { return binaries.StoreDir(cfg) }
