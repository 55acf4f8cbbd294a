// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// The files in a replica's directory. The certificate and the key are named as
// in a Secret of type kubernetes.io/tls.
const (
	certificatesFolder  = "tls"
	certificateFile     = "tls.crt"
	certificateKeyFile  = "tls.key"
	clientCAFile        = "client-ca.crt"
	requestHeaderCAFile = "requestheader-client-ca.crt"
	temporaryFolder     = "tmp"
)

// certificateFiles are a serving certificate and its key in a folder, kept as
// the kubelet keeps a Secret
// (k8s.io/kubernetes@v1.37.2/pkg/volume/util/atomic_writer.go:50-57): the names
// that are told are links by way of ..data, which is a link to the folder that
// has the files. A server that watches its files knows this from production.
type certificateFiles struct {
	folder string

	mu sync.Mutex
	// written counts the folders that there were.
	written int
}

func (f *certificateFiles) certificate() string { return filepath.Join(f.folder, certificateFile) }
func (f *certificateFiles) key() string         { return filepath.Join(f.folder, certificateKeyFile) }

// write replaces both files in one step. When it fails, they are what they were.
func (f *certificateFiles) write(certificate, key []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	const current = "..data"
	name := func(i int) string { return ".." + strconv.Itoa(i) }
	next := filepath.Join(f.folder, name(f.written+1))
	if err := os.MkdirAll(next, 0o700); err != nil {
		return err
	}
	for file, content := range map[string][]byte{certificateFile: certificate, certificateKeyFile: key} {
		if err := os.WriteFile(filepath.Join(next, file), content, 0o600); err != nil {
			return err
		}
	}
	link := filepath.Join(f.folder, current+"_tmp")
	if err := os.Symlink(name(f.written+1), link); err != nil {
		return err
	}
	if err := os.Rename(link, filepath.Join(f.folder, current)); err != nil {
		return err
	}
	f.written++
	if f.written > 1 {
		return os.RemoveAll(filepath.Join(f.folder, name(f.written-1)))
	}
	for _, file := range []string{certificateFile, certificateKeyFile} {
		if err := os.Symlink(filepath.Join(current, file), filepath.Join(f.folder, file)); err != nil {
			return err
		}
	}
	return nil
}

// makeReplicaDir makes the directory of a replica with what does not change in
// it. It is below the cluster's, and so it is swept with that.
func (s *Server) makeReplicaDir(replica int) (string, error) {
	dir := filepath.Join(s.cluster.Dir(), fmt.Sprintf("server-%s-%d", s.config.Name, replica))
	// Nobody else has a directory of that name: servers' names differ.
	s.onClose(func(context.Context) error { return os.RemoveAll(dir) })
	for _, folder := range []string{dir, filepath.Join(dir, certificatesFolder), filepath.Join(dir, temporaryFolder)} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			return "", err
		}
	}
	for file, content := range map[string][]byte{
		clientCAFile:        s.cluster.pki.Client.CertificatePEM(),
		requestHeaderCAFile: s.cluster.pki.FrontProxy.CertificatePEM(),
	} {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}
