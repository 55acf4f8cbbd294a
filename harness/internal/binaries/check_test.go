// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestReportedVersion(t *testing.T) {
	tests := []struct {
		reason string
		name   Name
		script string
		want   string
		err    string
	}{
		{"etcd prints no v", Etcd, `echo "etcd Version: 3.7.3"; echo "Git SHA: x"`, "v3.7.3", ""},
		{"kubectl has another word for it", Kubectl, `test "$*" = "version --client" && echo "Client Version: v1.37.2"; echo "Kustomize Version: v5.8.1"`, "v1.37.2", ""},
		{"warnings may come first", KubeAPIServer, `echo "W0101 warning" >&2; echo "Kubernetes v1.37.2"`, "v1.37.2", ""},
		{"metrics-server prints nothing else", MetricsServer, `test "$*" = --version && echo v0.9.0`, "v0.9.0", ""},
		{"a metrics-server that was built without its version", MetricsServer, `echo 'v0.0.0-master+$Format:%H$'`, "v0.0.0-master+$Format:%H$", ""},
		{"a metrics-server under another name", KubeAPIServer, `echo v0.9.0`, "", "no version of kube-apiserver in its output: v0.9.0"},
		{"another program under the name of metrics-server", MetricsServer, `echo "Kubernetes v1.37.2"`, "", "no version of metrics-server in its output: Kubernetes v1.37.2"},
		{"another program under the name", Etcd, `echo "Kubernetes v1.37.2"`, "", "no version of etcd in its output: Kubernetes v1.37.2"},
		{"it does not run", Etcd, `echo "bad option" >&2; exit 3`, "", "exit status 3: bad option"},
		{"an unknown binary", "kubelet", "", "", `unknown binary "kubelet"`},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			w := newWorld(t)
			path := filepath.Join(w.dir, string(test.name))
			w.write(path, "#!/bin/sh\n"+test.script+"\n")
			got, err := ReportedVersion(t.Context(), test.name, path)
			if got != test.want || (err == nil) != (test.err == "") {
				t.Fatalf("got %q, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v does not say %q", err, test.err)
			}
		})
	}
}

// TestReportedVersionOfBusyFile holds the program open for writing, as a child
// that is being started would, until it was found busy.
func TestReportedVersionOfBusyFile(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(w.dir, "etcd")
	w.write(path, w.program(Etcd, "v3.7.3"))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(5*busyInterval, func() { f.Close() })
	defer timer.Stop()
	if version, err := ReportedVersion(t.Context(), Etcd, path); err != nil || version != "v3.7.3" {
		t.Errorf("got %q, %v", version, err)
	}
	// Other systems let a file be run that is open for writing.
	if err := f.Close(); runtime.GOOS == "linux" && !errors.Is(err, os.ErrClosed) {
		t.Errorf("it ran before the file was closed: %v", err)
	}
}
