// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestImportsGoDownwards holds who may import whom: the command imports
// scenarios, those import fixtures and the harness, and the parts of the
// harness do not know one another but for the timeline. Tests may import what
// they like.
func TestImportsGoDownwards(t *testing.T) {
	const module = "github.com/aggtest/aggtest/"
	// A package may import those below one of its prefixes; the longest prefix
	// of its own path counts.
	may := map[string][]string{
		"cmd":                           {"cmd", "scenarios", "fixtures", "harness"},
		"scenarios":                     {"scenarios", "fixtures", "harness"},
		"scenarios/catalog":             {"scenarios/v1alpha1"},
		"scenarios/catalog/coverage":    {"scenarios/v1alpha1", "scenarios/internal/spelling"},
		"scenarios/selection":           {"scenarios/v1alpha1", "scenarios/internal/spelling"},
		"scenarios/v1alpha1":            {"scenarios/v1alpha1", "scenarios/internal", "fixtures/metrics/series"},
		"scenarios/internal/expression": {"scenarios/internal/spelling"},
		"scenarios/internal/spelling":   {},
		"fixtures":                      {"fixtures"},
		"harness":                       {"harness"},
		"harness/timeline":              {},
		"harness/pki":                   {"harness/timeline"},
		"harness/network":               {"harness/timeline"},
		"harness/internal/binaries":     {"harness/timeline"},
		"harness/internal/controlplane": {"harness/timeline"},
	}
	below := func(pkg, prefix string) bool { return pkg == prefix || strings.HasPrefix(pkg, prefix+"/") }
	checked := 0
	err := filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(file, ".."+string(filepath.Separator)))
		pkg := path.Dir(name)
		rule := ""
		for prefix := range may {
			if below(pkg, prefix) && len(prefix) > len(rule) {
				rule = prefix
			}
		}
		if rule == "" {
			t.Errorf("%s: no rule says what it may import", name)
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		checked++
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			local, ours := strings.CutPrefix(imported, module)
			if ours && !below(local, pkg) && !slices.ContainsFunc(may[rule], func(prefix string) bool { return below(local, prefix) }) {
				t.Errorf("%s imports %s: %s may import %v", name, local, rule, may[rule])
			}
			if strings.HasPrefix(imported, "k8s.io/kubernetes") {
				t.Errorf("%s imports %s: kube-apiserver stays a program of its own", name, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 20 {
		t.Errorf("only %d files were checked", checked)
	}
}
