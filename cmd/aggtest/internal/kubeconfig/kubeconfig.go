// SPDX-License-Identifier: Apache-2.0

// Package kubeconfig puts a kubeconfig where the user wants it, without harm to
// one that is there.
package kubeconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// mark is the first line of the files that [Copy] makes.
const mark = "# made by aggtest up, which removes it when it ends\n"

// Free is an error when the path is taken by a file that is not ours.
func Free(path string) error {
	existing, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		_, err := os.Stat(filepath.Dir(path))
		return err
	case err != nil:
		return err
	case !bytes.HasPrefix(existing, []byte(mark)):
		return fmt.Errorf("%s is there already and not aggtest's: name another file", path)
	}
	return nil
}

// Copy copies a kubeconfig to a path that is [Free], in one step. remove takes
// the copy away, unless it has become another file meanwhile.
func Copy(from, to string) (remove func(), err error) {
	if err := Free(to); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	// os.CreateTemp makes it readable for its owner only; it holds a private key.
	draft, err := os.CreateTemp(filepath.Dir(to), ".kubeconfig-*")
	if err != nil {
		return nil, err
	}
	content = append([]byte(mark), content...)
	_, err = draft.Write(content)
	if err = errors.Join(err, draft.Close()); err == nil {
		err = os.Rename(draft.Name(), to)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(draft.Name()))
	}
	return func() {
		if now, err := os.ReadFile(to); err == nil && bytes.Equal(now, content) {
			_ = os.Remove(to)
		}
	}, nil
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_./@%+=:,-]+$`)

// Quote makes one word of a path for a shell.
func Quote(path string) string {
	if plain.MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
