// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGenerate(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"a.go": `package a

// Server is one. It has
// two lines.
type Server struct {
	// CABundle of it.
	CABundle string ` + "`json:\"caBundle\"`" + `
	// APIServers is a number.
	APIServers, hidden int ` + "`json:\"apiServers\"`" + `
	Without string
}

// Fault is a word.
type Fault string

const (
	// FaultNone is no fault.
	FaultNone Fault = "None"
	// Other is untyped.
	Other = "x"
)
`,
		"a_test.go":           "package a\n\n// InATest is not seen.\ntype InATest string\n",
		"zz_generated.old.go": "package a\n\n// Old is not seen.\ntype Old string\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	source, err := Generate(folder)
	if err != nil {
		t.Fatal(err)
	}
	got := string(source)
	for _, want := range []string{
		`"Server":            "Server is one. It has two lines."`,
		`"Server.caBundle":   "caBundle of it."`,
		`"Server.apiServers": "apiServers is a number."`,
		`"Fault":             "Fault is a word."`,
		`{"None", "None is no fault."}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
	for _, unwanted := range []string{"InATest", "Old", "Without", "untyped"} {
		if strings.Contains(got, unwanted) {
			t.Errorf("there is %s in\n%s", unwanted, got)
		}
	}
}

func TestGenerateFromBrokenSource(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.go"), []byte("package"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Generate(folder); err == nil || !strings.Contains(err.Error(), "a.go") {
		t.Errorf("Generate of broken source: %v, want an error that names the file", err)
	}
}
