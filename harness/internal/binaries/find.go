// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Find looks for the named binaries in the first three places, which are all on
// this machine: it touches no network, starts no process and writes nothing.
// No names means etcd, kube-apiserver and kubectl. The error is a
// [*MissingError] when a binary is in none of the places, else it says what is
// wrong with the configuration.
func Find(ctx context.Context, cfg Config, names ...Name) (Set, error) {
	s, err := cfg.settle()
	if err != nil {
		return nil, err
	}
	if names, err = wanted(names); err != nil {
		return nil, err
	}
	q := newSearch(s)
	if err := q.look(ctx, names); err != nil {
		return nil, err
	}
	missing := q.missing(names)
	if len(missing) > 0 {
		for _, name := range missing {
			q.failed(name, Download, errNotTried("only looking"))
			q.failed(name, Build, errNotTried("only looking"))
		}
		return nil, q.error(missing)
	}
	return q.found, nil
}

// errNotTried says why a place was passed over.
type errNotTried string

func (e errNotTried) Error() string { return "not tried: " + string(e) }

// search gathers what was found and, for the error, what was not.
type search struct {
	settings
	found Set
	tried map[Name][]Trial
}

func newSearch(s settings) *search {
	return &search{settings: s, found: Set{}, tried: map[Name][]Trial{}}
}

func (q *search) failed(name Name, place Place, err error) {
	q.tried[name] = append(q.tried[name], Trial{Place: place, Err: err})
}

func (q *search) missing(names []Name) []Name {
	var missing []Name
	for _, name := range names {
		if _, ok := q.found[name]; !ok {
			missing = append(missing, name)
		}
	}
	return missing
}

// look tries the places on this machine, afresh for each name. Its error is
// that of an explicit path, or ctx's.
func (q *search) look(ctx context.Context, names []Name) error {
	shelf := openShelf(q.dir())
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("find %s: %w", name, err)
		}
		q.tried[name] = nil
		found, err := q.explicit(name)
		if err != nil && !errors.As(err, new(notNamed)) {
			return err
		}
		if err != nil {
			q.failed(name, Explicit, err)
			found, err = shelf.find(name)
		}
		if err != nil {
			q.failed(name, Store, err)
			found, err = q.setupEnvtest(name)
		}
		if err != nil {
			q.failed(name, SetupEnvtest, err)
			continue
		}
		q.found[name] = found
	}
	return nil
}

// notNamed says that the explicit place has nothing to say on a binary.
type notNamed string

func (e notNamed) Error() string { return string(e) }

const assetsVariable = "KUBEBUILDER_ASSETS"

func (q *search) explicit(name Name) (Found, error) {
	path, source := q.Paths[name], fmt.Sprintf("the path given for %s", name)
	if path == "" {
		path, source = q.Getenv(name.variable()), name.variable()
	}
	assets := q.Getenv(assetsVariable)
	if path == "" && assets == "" {
		return Found{}, notNamed(fmt.Sprintf("no path given, and neither %s nor %s is set", name.variable(), assetsVariable))
	}
	inAssets := path == ""
	if inAssets {
		path, source = filepath.Join(assets, string(name)), assetsVariable
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return Found{}, fmt.Errorf("%s: %w", source, err)
	}
	err = usable(path)
	if inAssets && !name.inEnvtest() && errors.Is(err, fs.ErrNotExist) {
		return Found{}, notNamed(fmt.Sprintf("no path given, %s is not set, and %s=%s has none", name.variable(), assetsVariable, assets))
	}
	if err != nil {
		return Found{}, fmt.Errorf("%s: %w; name another, or leave it out to let aggtest find %s", source, err, name)
	}
	return Found{Name: name, Path: path, Place: Explicit, Source: source}, nil
}

// usable says whether a path is a program. Its errors name the path.
func usable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file", path)
	case info.Mode().Perm()&0o111 == 0:
		return fmt.Errorf("%s is not executable", path)
	}
	return nil
}
