// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aggtest/aggtest/harness"
)

func set(t *testing.T, files map[harness.BinaryName]string) harness.Binaries {
	t.Helper()
	found := harness.Binaries{}
	for name, path := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
		binary := found[name]
		binary.Name, binary.Path = name, path
		found[name] = binary
	}
	return found
}

func TestFolder(t *testing.T) {
	for _, tc := range []struct {
		reason string
		etcd   string
		own    bool // a folder of links has to be made
	}{
		{reason: "all in one folder", etcd: "a/etcd"},
		{reason: "in two folders", etcd: "b/etcd", own: true},
		{reason: "under another name", etcd: "a/etcd-3.7", own: true},
	} {
		top := t.TempDir()
		store := filepath.Join(top, "store")
		found := set(t, map[harness.BinaryName]string{
			harness.EtcdBinary:    filepath.Join(top, tc.etcd),
			harness.KubectlBinary: filepath.Join(top, "a", "kubectl"),
		})
		dir, err := Folder(found, store)
		if err != nil {
			t.Errorf("%s: %v", tc.reason, err)
			continue
		}
		if made := dir != filepath.Join(top, "a"); made != tc.own {
			t.Errorf("%s: Folder() = %s", tc.reason, dir)
		}
		for name := range found {
			if content, err := os.ReadFile(filepath.Join(dir, string(name))); err != nil || string(content) != string(name) {
				t.Errorf("%s: %s holds %q, %v", tc.reason, name, content, err)
			}
		}
		if again, err := Folder(found, store); err != nil || again != dir {
			t.Errorf("%s: a second time it is %s, %v", tc.reason, again, err)
		}
	}
}

func TestFolderChangesWithThePrograms(t *testing.T) {
	top := t.TempDir()
	folder := func(etcd string) string {
		dir, err := Folder(set(t, map[harness.BinaryName]string{
			harness.EtcdBinary:    filepath.Join(top, etcd),
			harness.KubectlBinary: filepath.Join(top, "a", "kubectl"),
		}), filepath.Join(top, "store"))
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
	if one, other := folder("b/etcd"), folder("c/etcd"); one == other {
		t.Errorf("%s is the folder of two etcds", one)
	}
}
