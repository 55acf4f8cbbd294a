// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// archive makes an envtest archive of fake programs.
func (w *world) archive(names ...Name) []byte {
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	files := tar.NewWriter(zipped)
	for _, name := range names {
		version := DefaultVersion
		if name == Etcd {
			version = defaultEtcd
		}
		data := w.program(name, version)
		header := &tar.Header{Name: "controller-tools/envtest/" + string(name), Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(data))}
		if err := errors.Join(files.WriteHeader(header), second(files.Write([]byte(data)))); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := errors.Join(files.Close(), zipped.Close()); err != nil {
		w.t.Fatal(err)
	}
	return b.Bytes()
}

func second(_ int, err error) error { return err }

// serve serves an index and an archive, and makes the index the world's.
func (w *world) serve(index string, archive []byte) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		switch in.URL.Path {
		case "/index":
			hash := fmt.Sprintf("%x", sha512.Sum512(archive))
			text := strings.NewReplacer("KEY", w.settings().key(), "HASH", hash, "HOST", in.Host).Replace(index)
			fmt.Fprint(out, text)
		case "/archive":
			// Whatever the test does with the answer, it is not a test of writing it.
			_, _ = out.Write(archive)
		default:
			http.NotFound(out, in)
		}
	}))
	w.t.Cleanup(server.Close)
	w.env[indexVariable] = server.URL + "/index"
	return server
}

const goodIndex = `
releases:
  v1.37.2:
    envtest-KEY.tar.gz:
      hash: HASH
      selfLink: http://HOST/archive
`

func TestDownload(t *testing.T) {
	w := newWorld(t)
	server := w.serve(goodIndex, w.archive(usual...))
	set, err := Ensure(t.Context(), w.config())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range usual {
		if set[name].Place != Download || set[name].Source != server.URL+"/archive" {
			t.Errorf("got %+v", set[name])
		}
	}
	server.Close()
	if set, err = Ensure(t.Context(), w.config()); err != nil || set[Etcd].Place != Store {
		t.Errorf("the second time needs no server: %+v, %v", set[Etcd], err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var done int64
	for _, e := range w.events {
		if e.Unit == "bytes" && e.Done == e.Total {
			done = e.Done
		}
	}
	if done != int64(len(w.archive(usual...))) {
		t.Errorf("the last event of the download counts %d bytes", done)
	}
}

func TestDownloadFailsOverToBuild(t *testing.T) {
	tests := []struct {
		reason  string
		index   string
		archive []Name
		names   []Name
		want    map[Name]Place
		tried   string
	}{
		{
			reason: "what the archive lacks is built", index: goodIndex, archive: []Name{Etcd, KubeAPIServer}, names: usual,
			want: map[Name]Place{Etcd: Download, KubeAPIServer: Download, Kubectl: Build}, tried: "/archive does not hold it",
		}, {
			reason: "kube-controller-manager and metrics-server are in no archive", index: goodIndex, archive: usual, names: every,
			want: map[Name]Place{
				Etcd: Download, KubeAPIServer: Download, Kubectl: Download, KubeControllerManager: Build, MetricsServer: Build,
			},
			tried: "envtest's archives do not hold kube-controller-manager",
		}, {
			reason: "nothing is downloaded for a metrics-server alone", index: goodIndex, archive: usual, names: []Name{MetricsServer},
			want: map[Name]Place{MetricsServer: Build}, tried: "envtest's archives do not hold metrics-server",
		}, {
			reason: "a wrong hash installs nothing of the archive", archive: usual, names: []Name{Etcd},
			index: strings.ReplaceAll(goodIndex, "HASH", "abc"),
			want:  map[Name]Place{Etcd: Build}, tried: "and the index says abc",
		}, {
			reason: "an index without the version", index: strings.ReplaceAll(goodIndex, "v1.37.2", "v1.37.1"), names: []Name{Etcd},
			want: map[Name]Place{Etcd: Build}, tried: "/index has no v1.37.2",
		}, {
			reason: "an index without the platform", index: strings.ReplaceAll(goodIndex, "KEY", "v1.37.2-plan9-mips"), names: []Name{Etcd},
			want: map[Name]Place{Etcd: Build}, tried: "/index has no v1.37.2 for ",
		}, {
			reason: "an index that is a sign-in page", index: "<html>sign in: here: please</html>", names: []Name{Etcd},
			want: map[Name]Place{Etcd: Build}, tried: "it is not an index of envtest releases",
		}, {
			reason: "an archive that is gone", index: strings.ReplaceAll(goodIndex, "/archive", "/gone"), names: []Name{Etcd},
			want: map[Name]Place{Etcd: Build}, tried: "/gone: status 404 Not Found",
		},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			w := newWorld(t)
			w.goCommand("")
			w.serve(test.index, w.archive(test.archive...))
			set, err := Ensure(t.Context(), w.config(), test.names...)
			if err != nil {
				t.Fatal(err)
			}
			for name, place := range test.want {
				if set[name].Place != place {
					t.Errorf("%s is from %s, want %s", name, set[name].Place, place)
				}
			}

			w = newWorld(t)
			w.goCommand("exit 1")
			w.serve(test.index, w.archive(test.archive...))
			_, err = Ensure(t.Context(), w.config(), test.names...)
			if err == nil || !strings.Contains(err.Error(), test.tried) {
				t.Errorf("error %v does not say %q", err, test.tried)
			}
		})
	}
}

func TestDownloadUnreachable(t *testing.T) {
	w := newWorld(t)
	w.goCommand("exit 1")
	w.serve(goodIndex, nil).Close()
	_, err := Ensure(t.Context(), w.config(), Etcd)
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
}

func TestDownloadStalls(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if in.URL.Path == "/body" {
			fmt.Fprint(out, "begin")
			out.(http.Flusher).Flush()
		}
		select {
		case <-release:
		case <-in.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	for _, path := range []string{"/headers", "/body"} {
		d := newDownloader(&bench{report: &reporter{}, scratch: t.TempDir()}, 20*time.Millisecond)
		err := d.archive(t.Context(), server.URL+path, "", d.scratch+"/archive")
		d.client.CloseIdleConnections()
		if !errors.Is(err, errStalled) || !strings.Contains(err.Error(), server.URL+path) {
			t.Errorf("%s: got %v", path, err)
		}
	}
}
