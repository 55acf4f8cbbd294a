// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// world is a machine for a test: an empty store and home, a go command that
// writes shell scripts, and an index that cannot be reached.
type world struct {
	t     *testing.T
	dir   string
	env   map[string]string
	calls string

	mu     sync.Mutex
	events []Event
}

func newWorld(t *testing.T) *world {
	dir := t.TempDir()
	return &world{
		t: t, dir: dir, calls: filepath.Join(dir, "calls"),
		env: map[string]string{"HOME": filepath.Join(dir, "home"), indexVariable: "http://127.0.0.1:0/index"},
	}
}

func (w *world) store() string { return filepath.Join(w.dir, "store") }

func (w *world) settings() settings {
	s, err := w.config().settle()
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) config() Config {
	return Config{
		Store: w.store(), Go: filepath.Join(w.dir, "go"),
		Getenv: func(name string) string { return w.env[name] },
		Progress: func(e Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
	}
}

// texts are the distinct texts of the events, in order.
func (w *world) texts() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var texts []string
	for _, e := range w.events {
		texts = append(texts, strings.TrimPrefix(string(e.Binary)+": "+e.Text, ": "))
	}
	return slices.Compact(texts)
}

// called gives the lines of the calls of fake programs that have a prefix.
func (w *world) called(prefix string) []string {
	data, err := os.ReadFile(w.calls)
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// program is a shell script that prints the version that the binary would.
func (w *world) program(name Name, version string) string {
	lines := map[Name]string{
		Etcd:                  "etcd Version: " + strings.TrimPrefix(version, "v"),
		KubeAPIServer:         "Kubernetes " + version,
		Kubectl:               "Client Version: " + version,
		KubeControllerManager: "Kubernetes " + version,
		MetricsServer:         version,
	}
	return fmt.Sprintf("#!/bin/sh\necho run %s >>%s\necho %q\n", name, w.calls, lines[name])
}

// goCommand installs the fake go command. before is shell that runs in go build
// before the binary is written, with $name for the binary's name.
func (w *world) goCommand(before string) {
	programs := filepath.Join(w.dir, "built")
	for _, name := range every {
		version := recipeFor(name, DefaultVersion).version
		w.write(filepath.Join(programs, string(name)), w.program(name, version))
	}
	w.write(filepath.Join(w.dir, "go"), fmt.Sprintf(`#!/bin/sh
echo "go $*" >>%s
case "$1" in
list)
	echo "go: downloading k8s.io/api v0.37.2" >&2
	printf 'false fmt\ntrue k8s.io/api\ntrue k8s.io/main\n'
	;;
build)
	out= previous=
	for argument; do
		if [ "$previous" = -o ]; then out=$argument; fi
		previous=$argument
	done
	name=$(basename "$out")
	echo k8s.io/api >&2
	%s
	cp %s/"$name" "$out"
	;;
*)
	exit 9
	;;
esac
`, w.calls, before, programs))
}

func (w *world) write(path, text string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		w.t.Fatal(err)
	}
}

// fifo makes a named pipe, on which a script can wait for the test.
func (w *world) fifo(name string) string {
	path := filepath.Join(w.dir, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// release lets the script go on that waits on the named pipe.
func (w *world) release(fifo string) {
	w.t.Helper()
	if err := os.WriteFile(fifo, []byte("go on\n"), 0); err != nil {
		w.t.Fatal(err)
	}
}

// golden compares a text with a file in testdata, with the world's folder and
// the platform made the same everywhere.
func (w *world) golden(file, got string) {
	w.t.Helper()
	got = strings.ReplaceAll(got, w.dir, "DIR")
	got = strings.ReplaceAll(got, strings.TrimPrefix(w.settings().key(), DefaultVersion+"-"), "OS-ARCH")
	got = strings.ReplaceAll(got, strings.ReplaceAll(strings.TrimPrefix(w.settings().key(), DefaultVersion+"-"), "-", "/"), "OS/ARCH")
	path := filepath.Join("testdata", file)
	if *update {
		w.write(path, got+"\n")
		if err := os.Chmod(path, 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	if got+"\n" != string(want) {
		w.t.Errorf("differs from %s (run with -update to accept):\n%s", path, got)
	}
}
