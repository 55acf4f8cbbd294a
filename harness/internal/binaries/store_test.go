// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestStoreDir(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	t.Setenv("XDG_CACHE_HOME", "")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		reason     string
		config, at string
		want       string
	}{
		{"the user's cache", "", "", filepath.Join(cache, "aggtest", "binaries")},
		{"the variable", "", "/at", "/at"},
		{"the config wins", "/config", "/at", "/config"},
		{"a relative path is made absolute, because children run elsewhere", "here", "", filepath.Join(here, "here")},
	}
	for _, test := range tests {
		got, err := StoreDir(Config{Store: test.config, Getenv: func(name string) string {
			return map[string]string{storeVariable: test.at}[name]
		}})
		if err != nil || got != test.want {
			t.Errorf("%s: got %s, %v; want %s", test.reason, got, err, test.want)
		}
	}
	t.Setenv("HOME", "")
	if _, err := StoreDir(Config{}); err == nil || !strings.Contains(err.Error(), "name one with "+storeVariable) {
		t.Errorf("without a home: %v", err)
	}
}

func TestList(t *testing.T) {
	w := newWorld(t)
	cfg := w.config()
	if list, err := List(cfg); err != nil || len(list) != 0 {
		t.Fatalf("an empty store has %v, %v", list, err)
	}
	w.goCommand("")
	if _, err := Ensure(t.Context(), cfg, Etcd, Kubectl); err != nil {
		t.Fatal(err)
	}
	older := strings.Replace(w.settings().dir(), DefaultVersion, "v1.9.0-rc.1", 1)
	if err := os.CopyFS(older, os.DirFS(w.settings().dir())); err != nil {
		t.Fatal(err)
	}
	w.write(filepath.Join(older, "kubectl"), "")
	list, err := List(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range list {
		state := "good"
		if item.Problem != "" {
			state = "damaged"
		}
		if item.Platform != runtime.GOOS+"/"+runtime.GOARCH || item.Size == 0 || item.At.IsZero() || item.Source == "" {
			t.Errorf("incomplete: %+v", item)
		}
		got = append(got, strings.Join([]string{item.Kubernetes, string(item.Name), item.Version, state}, " "))
	}
	want := []string{
		"v1.9.0-rc.1 etcd v3.7.3 good", "v1.9.0-rc.1 kubectl v1.37.2 damaged",
		"v1.37.2 etcd v3.7.3 good", "v1.37.2 kubectl v1.37.2 good",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "locks", "x.lock")
	never := func(int) { t.Error("waited for a free lock") }
	unlock, err := lock(t.Context(), path, never)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tryLock(path); !errors.Is(err, syscall.EWOULDBLOCK) {
		t.Errorf("locked twice: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := lock(ctx, path, func(int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	// The first look must find it held: the holder lets go only after that.
	freed := func(pid int) {
		if pid != os.Getpid() {
			t.Errorf("the holder is %d", pid)
		}
		unlock()
	}
	again, err := lock(t.Context(), path, freed)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if unlock, err = lock(t.Context(), path, never); err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestSweep(t *testing.T) {
	w := newWorld(t)
	w.goCommand("")
	s := w.settings()
	leave := func(key string) string {
		file := filepath.Join(s.scratchDir(key), "install-1", "kubectl")
		w.write(file, "half")
		return file
	}
	ours, dead, alive := leave(s.key()), leave("v1.36.0-linux-amd64"), leave("v1.35.0-linux-amd64")
	unlock, err := lock(t.Context(), s.lockPath("v1.35.0-linux-amd64"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := Ensure(t.Context(), w.config(), Etcd); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		reason string
		file   string
		stays  bool
	}{
		{"of this version, whose lock we held", ours, false},
		{"of a version that nobody installs", dead, false},
		{"of a version that somebody installs", alive, true},
	} {
		if _, err := os.Stat(test.file); (err == nil) != test.stays {
			t.Errorf("%s: %v", test.reason, err)
		}
	}
}
