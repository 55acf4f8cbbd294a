// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// file is the name of the behaviours' file, for positions. It does not end in
// .yaml, since every such file below the catalogue is a scenario.
const file = "behaviours.yaml.txt"

//go:embed behaviours.yaml.txt
var behaviours []byte

// Behaviour is one thing that the aggregation layer does or may do.
type Behaviour struct {
	// ID is what scenarios name in spec.covers: upstream-NN, with a letter where
	// one item of upstream's tests is several behaviours, or quirk-, gap- or
	// finding- and some words.
	ID string `yaml:"id"`
	// Title says it in some words.
	Title string `yaml:"title"`
	// Source is where it is asserted or done, as module@version/file:line.
	Source string `yaml:"source"`
	// Why is the reason why no scenario shows it. Empty when one should.
	Why string `yaml:"why"`

	line int
}

// Section is some behaviours that belong together, under a title.
type Section struct {
	Title      string      `yaml:"section"`
	Behaviours []Behaviour `yaml:"behaviours"`
}

// Load reads the behaviours, in the order of their file.
func Load() ([]Section, error) { return parse(behaviours) }

var (
	idForm     = regexp.MustCompile(`^(upstream-\d\d[a-z]?|(quirk|gap|finding)(-[a-z0-9]+)+)$`)
	sourceForm = regexp.MustCompile(`^[a-z0-9.-]+(/[A-Za-z0-9._-]+)*@v[^/]+(/[A-Za-z0-9._-]+)+(:\d+)?$`)
)

// parse reads a file of behaviours, and refuses one that is not right.
func parse(data []byte) ([]Section, error) {
	var sections []Section
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&sections); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	lines := linesOf(data)
	seen := map[string]bool{}
	var wrong []error
	for _, section := range sections {
		for i := range section.Behaviours {
			b := &section.Behaviours[i]
			b.Why = strings.TrimSpace(b.Why)
			b.line = lines[b.ID]
			refuse := func(format string, args ...any) {
				wrong = append(wrong, fmt.Errorf("%s: %s", b.position(), fmt.Sprintf(format, args...)))
			}
			switch {
			case !idForm.MatchString(b.ID):
				refuse("%q is not an id: want upstream-NN, or quirk-, gap- or finding- and words", b.ID)
			case seen[b.ID]:
				refuse("%s is there twice", b.ID)
			case b.Title == "" || section.Title == "":
				refuse("%s has no title, or its section has none", b.ID)
			case !sourceForm.MatchString(b.Source):
				refuse("%s has the source %q: want module@version/file:line", b.ID, b.Source)
			}
			seen[b.ID] = true
		}
	}
	return sections, errors.Join(wrong...)
}

var idLine = regexp.MustCompile(`^\s*-?\s*id:\s*(\S+)`)

// linesOf tells on which line each id stands.
func linesOf(data []byte) map[string]int {
	lines := map[string]int{}
	for i, line := range strings.Split(string(data), "\n") {
		if found := idLine.FindStringSubmatch(line); found != nil {
			lines[found[1]] = i + 1
		}
	}
	return lines
}

func (b Behaviour) position() v1alpha1.Position {
	return v1alpha1.Position{File: file, Line: max(b.line, 1), Column: 1}
}
