// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"

	"sigs.k8s.io/yaml"
)

const indexVariable = "AGGTEST_ENVTEST_INDEX"

// publicIndex is the one that envtest uses:
// sigs.k8s.io/controller-runtime@v0.25.2/pkg/envtest/binaries.go:42.
const publicIndex = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"

// indexLimit is far above the index's size, in bytes.
const indexLimit = 32 << 20

// releaseIndex is envtest-releases.yaml: archives by version and file name.
type releaseIndex struct {
	Releases map[string]map[string]struct {
		Hash     string `json:"hash"`
		SelfLink string `json:"selfLink"`
	} `json:"releases"`
}

// download gets what it can out of one archive.
func (q *search) download(ctx context.Context, b *bench, missing []Name) {
	var names []Name
	for _, name := range missing {
		if !name.inEnvtest() {
			q.failed(name, Download, fmt.Errorf("envtest's archives do not hold %s", name))
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return
	}
	index := q.Index
	if index == "" {
		index = q.Getenv(indexVariable)
	}
	if index == "" {
		index = publicIndex
	}
	d := newDownloader(b, stallLimit)
	defer d.client.CloseIdleConnections()
	link, files, err := d.fetch(ctx, index, names)
	for _, name := range names {
		if err != nil {
			q.failed(name, Download, err)
			continue
		}
		file, ok := files[name]
		if !ok {
			q.failed(name, Download, fmt.Errorf("%s does not hold it", link))
			continue
		}
		found, err := b.accept(ctx, name, Download, file, link)
		if err != nil {
			q.failed(name, Download, err)
			continue
		}
		q.found[name] = found
	}
}

// fetch gives the archive's address and the files that it unpacked.
func (d downloader) fetch(ctx context.Context, index string, names []Name) (string, map[Name]string, error) {
	link, hash, err := d.resolve(ctx, index)
	if err != nil {
		return "", nil, err
	}
	archive := filepath.Join(d.scratch, "archive.tar.gz")
	if err := d.archive(ctx, link, hash, archive); err != nil {
		return "", nil, err
	}
	files, err := unpack(archive, d.scratch, names)
	if err != nil {
		return "", nil, fmt.Errorf("unpack %s: %w", link, err)
	}
	return link, files, os.Remove(archive)
}

// resolve looks up this version and platform in the index.
func (d downloader) resolve(ctx context.Context, index string) (link, hash string, err error) {
	defer d.report.step(Event{Place: Download, Text: "reading " + index})()
	body, _, err := d.get(ctx, index)
	if err != nil {
		return "", "", err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, indexLimit))
	if err != nil {
		return "", "", fmt.Errorf("read %s: %w", index, err)
	}
	var releases releaseIndex
	if err := yaml.Unmarshal(data, &releases); err != nil {
		return "", "", fmt.Errorf("read %s: it is not an index of envtest releases: %w", index, err)
	}
	archives, ok := releases.Releases[d.Version]
	if !ok {
		return "", "", fmt.Errorf("%s has no %s", index, d.Version)
	}
	archive, ok := archives["envtest-"+d.key()+".tar.gz"]
	if !ok {
		return "", "", fmt.Errorf("%s has no %s for %s/%s", index, d.Version, runtime.GOOS, runtime.GOARCH)
	}
	return archive.SelfLink, archive.Hash, nil
}

// archive downloads to a file and checks its hash.
func (d downloader) archive(ctx context.Context, link, hash, file string) error {
	defer d.report.step(Event{Place: Download, Text: "downloading " + link, Unit: "bytes"})()
	body, size, err := d.get(ctx, link)
	if err != nil {
		return err
	}
	defer body.Close()
	d.report.update(func(e *Event) { e.Total = max(0, size) })
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha512.New()
	count := counter(func(n int) { d.report.update(func(e *Event) { e.Done += int64(n) }) })
	if _, err := io.Copy(io.MultiWriter(f, sum, count), body); err != nil {
		return fmt.Errorf("download %s: %w", link, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != hash {
		return fmt.Errorf("download %s: its SHA-512 is %s, and the index says %s", link, got, hash)
	}
	return f.Close()
}

// unpack writes the named binaries of an archive to a folder. Folders inside
// the archive do not matter.
func unpack(archive, dir string, names []Name) (map[Name]string, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	files := map[Name]string{}
	for entries := tar.NewReader(plain); ; {
		entry, err := entries.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		name := Name(path.Base(entry.Name))
		if entry.Typeflag != tar.TypeReg || !slices.Contains(names, name) {
			continue
		}
		file := filepath.Join(dir, string(name))
		if err := writeAll(file, entries); err != nil {
			return nil, err
		}
		files[name] = file
	}
}

func writeAll(file string, from io.Reader) error {
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		return err
	}
	return to.Close()
}
