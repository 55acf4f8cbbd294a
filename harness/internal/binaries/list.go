// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// Installed is a binary in our own store.
type Installed struct {
	// Name is the binary.
	Name Name
	// Kubernetes is the version that it was installed for.
	Kubernetes string
	// Platform is GOOS/GOARCH.
	Platform string
	// Path is absolute.
	Path string
	// Version is the binary's own. It differs from Kubernetes for etcd
	// and metrics-server.
	Version string
	// Source says what it was made from.
	Source string
	// Size is in bytes.
	Size int64
	// At is when it was installed.
	At time.Time
	// Problem says what is wrong with it. Empty when it can be used.
	Problem string
}

// shelfName is the name of a shelf's folder; the version is taken as far as it
// goes, because a pre-release has hyphens too.
var shelfName = regexp.MustCompile(`^(v1\..+)-([a-z0-9]+)-([a-z0-9]+)$`)

// List gives what our own store holds, for all versions and platforms, sorted
// by version, platform and name. A store that does not exist is empty.
func List(cfg Config) ([]Installed, error) {
	store, err := StoreDir(cfg)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(store)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the installed binaries: %w", err)
	}
	var list []Installed
	for _, entry := range entries {
		match := shelfName.FindStringSubmatch(entry.Name())
		if match == nil || !kubernetesVersion.MatchString(match[1]) || !entry.IsDir() {
			continue
		}
		shelf := openShelf(filepath.Join(store, entry.Name()))
		if shelf.err != nil {
			return nil, fmt.Errorf("list the installed binaries: %w; remove the folder %s", shelf.err, shelf.dir)
		}
		for name, r := range shelf.records {
			item := Installed{
				Name: name, Kubernetes: match[1], Platform: match[2] + "/" + match[3],
				Path: filepath.Join(shelf.dir, string(name)), Version: r.Version,
				Source: r.Source, Size: r.Size, At: r.Installed,
			}
			if err := r.check(item.Path); err != nil {
				item.Problem = err.Error()
			}
			list = append(list, item)
		}
	}
	slices.SortFunc(list, func(a, b Installed) int {
		return cmp.Or(compareVersions(a.Kubernetes, b.Kubernetes), cmp.Compare(a.Platform, b.Platform),
			cmp.Compare(slices.Index(every, a.Name), slices.Index(every, b.Name)))
	})
	return list, nil
}
