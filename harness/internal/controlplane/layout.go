// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"os"
	"path/filepath"
)

const (
	// loopback is where everything listens: nothing of a run can be reached
	// from another machine.
	loopback = "127.0.0.1"

	etcdName   = "etcd"
	etcdSocket = "etcd.sock"
)

// maxSocketPath is the least that the supported systems allow for the path of a
// UNIX socket: 104 bytes with the ending zero on darwin, 108 on Linux.
const maxSocketPath = 103

// layout knows where in the work folder each file stands.
type layout struct{ dir string }

func (l layout) launchers() string           { return filepath.Join(l.dir, "bin") }
func (l layout) launcher(name string) string { return filepath.Join(l.launchers(), name) }
func (l layout) pidFiles() string            { return filepath.Join(l.dir, "pid") }
func (l layout) pidFile(name string) string  { return filepath.Join(l.pidFiles(), name) }
func (l layout) log(name string) string      { return filepath.Join(l.logs(), name+".log") }
func (l layout) logs() string                { return filepath.Join(l.dir, "log") }
func (l layout) etcdData() string            { return filepath.Join(l.dir, "etcd") }
func (l layout) etcdSocket() string          { return filepath.Join(l.dir, etcdSocket) }
func (l layout) certs(name string) string    { return filepath.Join(l.dir, name) }
func (l layout) file(name, file string) string {
	return filepath.Join(l.certs(name), file)
}

// The first four names are envtest's: it looks for apiserver.crt in its CertDir
// and makes certificates of its own only when there is none
// (sigs.k8s.io/controller-runtime@v0.25.2/pkg/internal/testing/controlplane/apiserver.go:367-371).
const (
	servingCert        = "apiserver.crt"
	servingKey         = "apiserver.key"
	serviceAccountCert = "sa-signer.crt"
	serviceAccountKey  = "sa-signer.key"

	clientCA        = "client-ca.crt"
	requestHeaderCA = "requestheader-ca.crt"
	frontProxyCert  = "front-proxy.crt"
	frontProxyKey   = "front-proxy.key"
	egressConfig    = "egress-selector.yaml"
)

// folders makes the folders that the children and their launchers write to.
func (l layout) folders(servers []APIServer) error {
	if socket := l.etcdSocket(); len(socket) > maxSocketPath {
		return fmt.Errorf("the path of etcd's socket, %s, has %d characters, and a UNIX socket may have %d: choose a shorter Dir, or set TMPDIR", socket, len(socket), maxSocketPath)
	}
	folders := []string{l.launchers(), l.pidFiles(), l.logs(), l.etcdData()}
	for _, server := range servers {
		folders = append(folders, l.certs(server.Name))
	}
	for _, folder := range folders {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fmt.Errorf("make a folder of the control plane: %w", err)
		}
	}
	return nil
}

// write puts one kube-apiserver's files in its folder.
func (l layout) write(server APIServer, pki PKI) error {
	files := map[string][]byte{
		servingCert:        pki.Serving.Cert,
		servingKey:         pki.Serving.Key,
		serviceAccountCert: pki.ServiceAccountPublicKey,
		serviceAccountKey:  pki.ServiceAccountPrivateKey,
		clientCA:           pki.ClientCA,
		requestHeaderCA:    pki.RequestHeaderCA,
		frontProxyCert:     pki.FrontProxy.Cert,
		frontProxyKey:      pki.FrontProxy.Key,
	}
	if len(server.EgressSelectorConfig) > 0 {
		files[egressConfig] = server.EgressSelectorConfig
	}
	for name, content := range files {
		if err := os.WriteFile(l.file(server.Name, name), content, 0o600); err != nil {
			return fmt.Errorf("write a file of %s: %w", server.Name, err)
		}
	}
	return nil
}

// keepLogs removes all but the logs, for a start that failed: its error names
// the log that the reason came from.
func (l layout) keepLogs() error {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(l.dir, entry.Name())
		if path == l.logs() {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
