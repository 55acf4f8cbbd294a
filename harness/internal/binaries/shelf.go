// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const storeVariable = "AGGTEST_BINARIES_DIR"

// StoreDir is the folder of our own store, as an absolute path: [Config.Store],
// else AGGTEST_BINARIES_DIR, else aggtest/binaries in [os.UserCacheDir]. It need
// not exist. It is an error if the user has no cache directory.
func StoreDir(cfg Config) (string, error) {
	dir := cfg.Store
	if dir == "" {
		getenv := cfg.Getenv
		if getenv == nil {
			getenv = os.Getenv
		}
		dir = getenv(storeVariable)
	}
	if dir != "" {
		return filepath.Abs(dir)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("choose the folder for binaries: %w; name one with %s", err, storeVariable)
	}
	return filepath.Join(cache, "aggtest", "binaries"), nil
}

const manifestName = "manifest.json"

// record is what the manifest says of a binary.
type record struct {
	Version   string    `json:"version"`
	Source    string    `json:"source"`
	Installed time.Time `json:"installed"`
	Size      int64     `json:"size"`
	Modified  time.Time `json:"modified"`
	SHA256    string    `json:"sha256"`
}

// shelf is the folder of one version and platform in the store. Reading it
// needs no lock: each file in it is replaced by a rename.
type shelf struct {
	dir     string
	records map[Name]record
	err     error
}

// manifest is the file's form.
type manifest struct {
	Binaries map[Name]record `json:"binaries"`
}

func openShelf(dir string) shelf {
	s := shelf{dir: dir, records: map[Name]record{}}
	path := filepath.Join(dir, manifestName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s
	}
	if err != nil {
		s.err = err
		return s
	}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		s.err = damagedError(fmt.Sprintf("%s cannot be read: %v", path, err))
		return s
	}
	if m.Binaries != nil {
		s.records = m.Binaries
	}
	return s
}

// damagedError says that a binary is in the store, but not as it was installed.
type damagedError string

func (e damagedError) Error() string { return string(e) }

// find gives the binary if it is as it was when it was installed.
func (s shelf) find(name Name) (Found, error) {
	if s.err != nil {
		return Found{}, s.err
	}
	r, ok := s.records[name]
	if !ok {
		return Found{}, fmt.Errorf("not installed in %s", s.dir)
	}
	path := filepath.Join(s.dir, string(name))
	if err := r.check(path); err != nil {
		return Found{}, err
	}
	return Found{Name: name, Path: path, Place: Store, Source: r.Source, Version: r.Version}, nil
}

// check compares what is cheap first. A time that differs is no damage by
// itself, because a store may have been copied or unpacked from a cache; then
// the contents decide.
func (r record) check(path string) error {
	if err := usable(path); err != nil {
		return damagedError(err.Error() + ", though it was installed")
	}
	info, err := os.Stat(path)
	if err != nil {
		return damagedError(err.Error())
	}
	if info.Size() != r.Size {
		return damagedError(fmt.Sprintf("%s is damaged: it has %d bytes, and was installed with %d", path, info.Size(), r.Size))
	}
	if info.ModTime().Equal(r.Modified) {
		return nil
	}
	sum, err := hashOf(path)
	if err != nil {
		return err
	}
	if sum != r.SHA256 {
		return damagedError(path + " is damaged: its contents are not those that were installed")
	}
	return nil
}

// put moves a binary that was checked onto the shelf and writes it down. The
// caller holds the shelf's lock.
func (s shelf) put(name Name, from, version, source string) (Found, error) {
	sum, err := hashOf(from)
	if err != nil {
		return Found{}, err
	}
	path := filepath.Join(s.dir, string(name))
	if err := os.Rename(from, path); err != nil {
		return Found{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Found{}, err
	}
	s.records[name] = record{
		Version: version, Source: source, Installed: time.Now().UTC().Truncate(time.Second),
		Size: info.Size(), Modified: info.ModTime().UTC(), SHA256: sum,
	}
	data, err := json.MarshalIndent(manifest{s.records}, "", "  ")
	if err != nil {
		return Found{}, err
	}
	// Next to the binary that was moved, so on the file system of its target.
	next := from + ".manifest"
	if err := os.WriteFile(next, append(data, '\n'), 0o644); err != nil {
		return Found{}, err
	}
	if err := os.Rename(next, filepath.Join(s.dir, manifestName)); err != nil {
		return Found{}, err
	}
	return Found{Name: name, Path: path, Place: Store, Source: source, Version: version}, nil
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
