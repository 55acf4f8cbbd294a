// SPDX-License-Identifier: Apache-2.0

package selection

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// familyLabel is the label that a case has even when its family is only the
// name of its folder.
const familyLabel = "family"

// Resolve gives the cases that the arguments name, in the order of the
// arguments and each once; no arguments means the whole catalogue. An argument
// is a family, a family/name or a pattern of one with * and ?, of the catalogue;
// or else the path of a file or folder. The name of a scenario with a matrix
// stands for all its rows.
//
// A [v1alpha1.Problems] says what is wrong with a file; any other error is that
// an argument names nothing.
func Resolve(catalogue []*v1alpha1.Case, arguments []string) ([]*v1alpha1.Case, error) {
	if len(arguments) == 0 {
		return catalogue, nil
	}
	var found []*v1alpha1.Case
	var problems v1alpha1.Problems
	var unknown []error
	known := map[string]bool{}
	for _, argument := range arguments {
		cases, err := resolve(catalogue, argument)
		var wrong v1alpha1.Problems
		switch {
		case errors.As(err, &wrong):
			problems = append(problems, wrong...)
		case err != nil:
			unknown = append(unknown, err)
		}
		for _, c := range cases {
			if key := c.File + "\x00" + c.FullName(); !known[key] {
				known[key] = true
				found = append(found, c)
			}
		}
	}
	if len(problems) > 0 {
		unknown = append(unknown, problems)
	}
	if len(unknown) > 0 {
		return nil, errors.Join(unknown...)
	}
	return found, nil
}

func resolve(catalogue []*v1alpha1.Case, argument string) ([]*v1alpha1.Case, error) {
	if !isPath(argument) {
		found, err := Match(catalogue, argument)
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	if _, err := os.Stat(argument); errors.Is(err, fs.ErrNotExist) && !isPath(argument) {
		return nil, unknownError(catalogue, argument)
	}
	return v1alpha1.Load(argument)
}

// isPath tells that an argument cannot be meant as a name.
func isPath(argument string) bool {
	switch {
	case argument == ".", argument == "..", path.IsAbs(argument),
		strings.HasPrefix(argument, "./"), strings.HasPrefix(argument, "../"), strings.HasSuffix(argument, "/"):
		return true
	}
	extension := path.Ext(argument)
	return extension == ".yaml" || extension == ".yml"
}

// Match gives the cases whose family, or family/name, is the pattern's.
func Match(cases []*v1alpha1.Case, pattern string) ([]*v1alpha1.Case, error) {
	var found []*v1alpha1.Case
	for _, c := range cases {
		for _, name := range names(c) {
			matched, err := path.Match(pattern, name)
			if err != nil {
				return nil, fmt.Errorf("pattern %q: %w", pattern, err)
			}
			if matched {
				found = append(found, c)
				break
			}
		}
	}
	return found, nil
}

// names gives what a case may be called: its family, its name, and that of the
// scenario that it is a row of.
func names(c *v1alpha1.Case) []string {
	all := []string{c.Family, c.FullName()}
	if c.Row != "" {
		all = append(all, strings.TrimSuffix(c.FullName(), "-"+c.Row))
	}
	return all
}

// Names gives every name that [Resolve] knows of the cases: families first.
func Names(cases []*v1alpha1.Case) []string {
	families, others := map[string]bool{}, map[string]bool{}
	for _, c := range cases {
		families[c.Family] = true
		for _, name := range names(c)[1:] {
			others[name] = true
		}
	}
	return append(slices.Sorted(maps.Keys(families)), slices.Sorted(maps.Keys(others))...)
}

// Filter keeps the cases whose labels the selector takes, in the syntax of
// kubectl's -l. The family is a label too. An empty selector takes all.
func Filter(cases []*v1alpha1.Case, selector string) ([]*v1alpha1.Case, error) {
	parsed, err := labels.Parse(selector)
	if err != nil {
		return nil, fmt.Errorf("selector %q: %w", selector, err)
	}
	var kept []*v1alpha1.Case
	for _, c := range cases {
		if parsed.Matches(labels.Set(Labels(c))) {
			kept = append(kept, c)
		}
	}
	return kept, nil
}

// Labels gives the labels of a case, its family among them.
func Labels(c *v1alpha1.Case) map[string]string {
	all := maps.Clone(c.Metadata.Labels)
	if all == nil {
		all = map[string]string{}
	}
	if c.Family != "" {
		all[familyLabel] = c.Family
	}
	return all
}
