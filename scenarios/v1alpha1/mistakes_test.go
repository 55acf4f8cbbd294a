// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files with mistakes: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			cases, err := Parse(name+".yaml", data)
			var problems Problems
			if !errors.As(err, &problems) || len(cases) > 0 {
				t.Fatalf("Parse = %d cases, %v; want problems alone", len(cases), err)
			}
			checkPlaces(t, problems, data)
			golden(t, "mistakes/"+name+".txt", err.Error()+"\n")
		})
	}
}

// checkPlaces holds that each problem is at a place that the file has.
func checkPlaces(t *testing.T, problems Problems, data []byte) {
	t.Helper()
	lines := newSource("", data).lines
	for _, p := range problems {
		if p.File == "" || p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Message == "" {
			t.Errorf("%+v has no place in a file of %d lines", p, len(lines))
		}
	}
}
