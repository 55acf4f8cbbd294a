// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aggtest/aggtest/scenarios/internal/spelling"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// Check compares what the scenarios cover with the behaviours that there are. A
// problem is an id that no behaviour has, a behaviour that is neither covered nor
// has a reason, and one that has both. A scenario that is skipped covers nothing.
// The error is of the behaviours' own file.
func Check(cases []*v1alpha1.Case) (v1alpha1.Problems, error) {
	sections, err := Load()
	if err != nil {
		return nil, err
	}
	return check(sections, cases), nil
}

func check(sections []Section, cases []*v1alpha1.Case) v1alpha1.Problems {
	var problems v1alpha1.Problems
	var known []string
	covered := coveredBy(cases)
	for _, section := range sections {
		for _, b := range section.Behaviours {
			known = append(known, b.ID)
			names := covered[b.ID]
			switch {
			case len(names) == 0 && b.Why == "":
				problems = append(problems, v1alpha1.Problem{Position: b.position(), Path: b.ID,
					Message: fmt.Sprintf("no scenario covers it (%s): write one, or say why not", b.Title)})
			case len(names) > 0 && b.Why != "":
				problems = append(problems, v1alpha1.Problem{Position: b.position(), Path: b.ID,
					Message: fmt.Sprintf("it says why no scenario covers it, and %s does: remove one of the two", names[0].text)})
			}
		}
	}
	told := map[v1alpha1.Position]bool{}
	for _, c := range cases {
		for i, id := range c.Spec.Covers {
			at := fmt.Sprintf("spec.covers[%d]", i)
			position := c.Position(at)
			if slices.Contains(known, id) || told[position] {
				continue // the rows of a matrix share a place
			}
			told[position] = true
			problems = append(problems, v1alpha1.Problem{Position: position, Path: at,
				Message: fmt.Sprintf("there is no behaviour %q%s", id, hint(id, known))})
		}
	}
	return problems
}

// hint is the id that was meant, or the parts of the one that was split.
func hint(id string, known []string) string {
	var parts []string
	for _, name := range known {
		if rest, ok := strings.CutPrefix(name, id); ok && len(rest) == 1 {
			parts = append(parts, name)
		}
	}
	if len(parts) > 0 {
		return ", only its parts " + strings.Join(parts, ", ")
	}
	return spelling.DidYouMean(id, known)
}

// scenario is one that covers a behaviour: its name and its file.
type scenario struct{ text, file string }

// coveredBy has the scenarios that cover each id, by name. A scenario with a
// matrix counts once where each of its rows covers the id.
func coveredBy(cases []*v1alpha1.Case) map[string][]scenario {
	rows := map[string]int{}
	covering := map[string]map[string][]*v1alpha1.Case{}
	for _, c := range cases {
		if c.Spec.Skip != nil {
			continue
		}
		rows[wholeName(c)]++
		for _, id := range c.Spec.Covers {
			if covering[id] == nil {
				covering[id] = map[string][]*v1alpha1.Case{}
			}
			covering[id][wholeName(c)] = append(covering[id][wholeName(c)], c)
		}
	}
	covered := map[string][]scenario{}
	for id, byName := range covering {
		for name, found := range byName {
			if len(found) == rows[name] {
				covered[id] = append(covered[id], scenario{name, found[0].File})
				continue
			}
			for _, c := range found {
				covered[id] = append(covered[id], scenario{c.FullName(), c.File})
			}
		}
		slices.SortFunc(covered[id], func(a, b scenario) int { return strings.Compare(a.text, b.text) })
	}
	return covered
}

// wholeName is the scenario's full name without the row of its matrix.
func wholeName(c *v1alpha1.Case) string {
	if c.Row == "" {
		return c.FullName()
	}
	return strings.TrimSuffix(c.FullName(), "-"+c.Row)
}
