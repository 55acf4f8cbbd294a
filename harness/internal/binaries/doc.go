// SPDX-License-Identifier: Apache-2.0

// Package binaries finds the programs of a control plane, or gets them: etcd,
// kube-apiserver, kubectl and, when they are asked for, kube-controller-manager and
// metrics-server.
//
// [Find] looks at what is on the machine; [Ensure] also downloads and builds.
// Both try five places in order, for each binary by itself, so that a set may
// come from several of them:
//
//  1. [Explicit]: [Config.Paths], TEST_ASSET_ETCD and its siblings,
//     KUBEBUILDER_ASSETS. What is named there and missing is an error, never a
//     reason to look further. Only kube-controller-manager and metrics-server may be
//     absent from KUBEBUILDER_ASSETS, because envtest's archives do not hold them.
//  2. [Store]: our own, see [StoreDir].
//  3. [SetupEnvtest]: what setup-envtest, or envtest itself, has downloaded.
//  4. [Download]: by envtest's release index, checked by SHA-512.
//  5. [Build]: from the Go module proxy, with the machine's go command.
//
// What is downloaded or built is run once with --version and moved into the
// store. A later lookup compares size and time with what was written down, and
// starts no process and no connection.
//
// # The store
//
//	<version>-<os>-<arch>/etcd ...       the binaries
//	<version>-<os>-<arch>/manifest.json  what each is, and where it came from
//	locks/<version>-<os>-<arch>.lock     held by the one process that installs
//	scratch/<version>-<os>-<arch>/       its work; whatever the next holder of
//	                                     the lock finds there is swept
//	logs/<version>-<os>-<arch>-<binary>.log
//
// A binary is renamed into its place when it is whole and has been run, so an
// install that was cut short keeps the binaries that it had finished, and Go's
// build cache keeps the packages of the one it had not.
//
// # The build
//
// Kubernetes, etcd and metrics-server are built in a generated module each, so
// that none changes the versions of another's dependencies. For [DefaultVersion]
// the modules are kept, complete with their go.sum, in the folder pinned: that build
// is the same everywhere, and is verified. "go test -run TestPin -update-pin"
// makes them anew. Other versions are generated and tidied on the spot.
//
// Locks, process groups and signals are those of Unix; Windows is not supported.
package binaries
