// SPDX-License-Identifier: Apache-2.0

// Package assets brings the control plane's programs into one folder.
package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/aggtest/aggtest/harness"
)

// Folder gives a folder that holds all the programs under their names, as
// KUBEBUILDER_ASSETS must be: the one that they lie in or, when they lie in
// several, one with links to them below the store.
func Folder(found harness.Binaries, store string) (string, error) {
	if dir := common(found); dir != "" {
		return dir, nil
	}
	names := slices.Sorted(maps.Keys(found))
	// The name follows from what it holds, so that a folder once made never
	// changes under those who use it.
	sum := sha256.New()
	for _, name := range names {
		fmt.Fprintf(sum, "%s\x00%s\x00", name, found[name].Path)
	}
	parent := filepath.Join(store, "assets")
	dir := filepath.Join(parent, hex.EncodeToString(sum.Sum(nil))[:16])
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := link(found, names, parent, dir); err != nil {
		return "", fmt.Errorf("bring the programs into one folder: %w", err)
	}
	return dir, nil
}

// common is the folder that all programs lie in, or "".
func common(found harness.Binaries) string {
	dir := ""
	for name, binary := range found {
		here := filepath.Dir(binary.Path)
		if filepath.Base(binary.Path) != string(name) || dir != "" && here != dir {
			return ""
		}
		dir = here
	}
	return dir
}

// link makes the folder in one step.
func link(found harness.Binaries, names []harness.BinaryName, parent, dir string) error {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	draft, err := os.MkdirTemp(parent, "new-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(draft) }()
	for _, name := range names {
		if err := os.Symlink(found[name].Path, filepath.Join(draft, string(name))); err != nil {
			return err
		}
	}
	if err := os.Chmod(draft, 0o755); err != nil {
		return err
	}
	// Another process may have made the same one meanwhile.
	if err := os.Rename(draft, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
