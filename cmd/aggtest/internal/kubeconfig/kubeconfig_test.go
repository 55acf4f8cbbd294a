// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCopy(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	write(t, from, "apiVersion: v1\n")

	if _, err := Copy(from, to); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(to)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %s", info.Mode())
	}
	// The mark of a run that was killed lets the next one write there.
	remove, err := Copy(from, to)
	if err != nil {
		t.Fatal(err)
	}
	remove()
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after remove: %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("drafts are left: %v, %v", left, err)
	}
}

func TestCopyLeavesTheUsersFiles(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	write(t, from, "apiVersion: v1\n")

	write(t, to, "the user's\n")
	if _, err := Copy(from, to); err == nil || !strings.Contains(err.Error(), "name another file") {
		t.Errorf("Copy over a file of the user's: %v", err)
	}
	if err := os.Remove(to); err != nil {
		t.Fatal(err)
	}
	remove, err := Copy(from, to)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, "the user's\n")
	remove()
	if content, err := os.ReadFile(to); err != nil || string(content) != "the user's\n" {
		t.Errorf("remove took what was written later: %q, %v", content, err)
	}
}

func TestFree(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ours"), mark+"apiVersion: v1\n")
	write(t, filepath.Join(dir, "theirs"), "apiVersion: v1\n")
	for _, tc := range []struct {
		reason, path string
		free         bool
	}{
		{reason: "nothing is there", path: "new", free: true},
		{reason: "one of ours is there", path: "ours", free: true},
		{reason: "another file is there", path: "theirs"},
		{reason: "a folder is there", path: "."},
		{reason: "the folder is not there", path: "no/new"},
	} {
		if err := Free(filepath.Join(dir, tc.path)); (err == nil) != tc.free {
			t.Errorf("%s: Free(%s) = %v", tc.reason, tc.path, err)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, tc := range []struct{ path, want string }{
		{"/tmp/aggtest-1/kubeconfig", "/tmp/aggtest-1/kubeconfig"},
		{"/tmp/my files/k", "'/tmp/my files/k'"},
		{"/tmp/it's", `'/tmp/it'\''s'`},
		{"", "''"},
	} {
		if got := Quote(tc.path); got != tc.want {
			t.Errorf("Quote(%q) = %s, want %s", tc.path, got, tc.want)
		}
	}
}
