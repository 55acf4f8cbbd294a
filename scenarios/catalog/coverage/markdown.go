// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"fmt"
	"strings"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

const preface = `# What the catalogue covers

Made by ` + "`go test ./scenarios/catalog/coverage -update`" + ` from the catalogue's
` + "`spec.covers`" + ` and from
[behaviours.yaml.txt](../scenarios/catalog/coverage/behaviours.yaml.txt). Do not
edit it.

- **upstream-** is asserted by Kubernetes' own tests; a number with letters is one
  test that holds several things.
- **quirk-** was read in the code and surprises; no test of upstream's shows it.
- **gap-** is what upstream's tests leave out.
- **finding-** is what a reported outage lets one suspect.
`

// kinds are the beginnings of ids, in the order of the file.
var kinds = []string{"upstream", "quirk", "gap", "finding"}

// count is how many behaviours of a kind there are.
type count struct{ all, shown, reasoned int }

func (c count) row(name string) string {
	return fmt.Sprintf("| %s | %d | %d | %d | %d |\n", name, c.all, c.shown, c.reasoned, c.all-c.shown-c.reasoned)
}

// Markdown is docs/coverage.md: how many behaviours are covered, and a table of
// all of them with the scenarios that show each, or the reason why none does.
// Scenarios are linked by their files, as below scenarios/catalog. The error is
// of the behaviours' own file.
func Markdown(cases []*v1alpha1.Case) (string, error) {
	sections, err := Load()
	if err != nil {
		return "", err
	}
	return markdown(sections, cases), nil
}

func markdown(sections []Section, cases []*v1alpha1.Case) string {
	covered := coveredBy(cases)
	counts, total := map[string]count{}, count{}
	var tables strings.Builder
	for _, section := range sections {
		fmt.Fprintf(&tables, "\n## %s\n\n| id | behaviour | source | scenarios, or why there is none |\n|---|---|---|---|\n", section.Title)
		for _, b := range section.Behaviours {
			names := covered[b.ID]
			kind, _, _ := strings.Cut(b.ID, "-")
			counts[kind] = counts[kind].add(len(names) > 0, b.Why != "")
			total = total.add(len(names) > 0, b.Why != "")
			fmt.Fprintf(&tables, "| %s | %s | %s | %s |\n", b.ID, cell(b.Title), where(b.Source), shownBy(names, b.Why))
		}
	}
	var out strings.Builder
	out.WriteString(preface)
	out.WriteString("\n| | behaviours | shown by scenarios | with a reason why not | missing |\n|---|---|---|---|---|\n")
	for _, kind := range kinds {
		out.WriteString(counts[kind].row(kind))
	}
	out.WriteString(total.row("all"))
	out.WriteString(tables.String())
	return out.String()
}

func (c count) add(shown, reasoned bool) count {
	c.all++
	switch {
	case shown:
		c.shown++
	case reasoned:
		c.reasoned++
	}
	return c
}

func shownBy(scenarios []scenario, why string) string {
	if len(scenarios) == 0 && why == "" {
		return "**missing**"
	}
	var links []string
	for _, s := range scenarios {
		links = append(links, fmt.Sprintf("[%s](../scenarios/catalog/%s)", s.text, s.file))
	}
	if why != "" {
		links = append(links, cell(why))
	}
	return strings.Join(links, "<br>")
}

// where words a source with spaces that let a table break the line.
func where(source string) string {
	module, rest, _ := strings.Cut(source, "@")
	version, path, _ := strings.Cut(rest, "/")
	return fmt.Sprintf("%s@%s<br>`%s`", module, version, path)
}

// cell is text that a table takes.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(text)
}
