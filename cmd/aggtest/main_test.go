// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"aggtest": main})
}

// TestScript runs what needs no control plane.
func TestScript(t *testing.T) {
	testscript.Run(t, params("testdata/script", ""))
}

// TestControlPlane runs what needs one.
func TestControlPlane(t *testing.T) {
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run make test, or set it to what aggtest binaries path prints")
	}
	assets, err := filepath.Abs(assets)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, params("testdata/controlplane", assets))
}

func params(dir, assets string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			examples, err := filepath.Abs("../../docs/examples")
			env.Setenv("EXAMPLES", examples)
			env.Setenv("KUBEBUILDER_ASSETS", assets)
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
			env.Setenv("PLATFORM", runtime.GOOS+"-"+runtime.GOARCH)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"await": await,
			"clean": clean,
		},
	}
}

// exits STATUS COMMAND... runs a command that must end with the status.
func exits(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// awaitLimit is for a boot on a machine that builds at the same time: ten times
// the usual.
const awaitLimit = time.Minute

// await FILE waits until a file is there, which another process is to write.
func await(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	limit := time.After(awaitLimit)
	for {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		select {
		case <-limit:
			ts.Fatalf("%s is not there after %s", args[0], awaitLimit)
		case <-ticker.C:
		}
	}
}

// clean looks for what aggtest may leave: processes that were started in the
// script's temporary folder, and files in it. With ! there must be both.
func clean(ts *testscript.TestScript, negated bool, args []string) {
	if len(args) > 0 {
		ts.Fatalf("usage: clean")
	}
	temp := ts.Getenv("TMPDIR")
	processes, files := processesOf(ts, temp), filesIn(ts, temp)
	switch {
	case !negated && len(processes)+len(files) > 0:
		ts.Fatalf("left: processes %q, files %q", processes, files)
	case negated && (len(processes) == 0 || len(files) == 0):
		ts.Fatalf("there should be processes and files, got %q and %q", processes, files)
	}
}

// processesOf gives the command lines that name a folder.
func processesOf(ts *testscript.TestScript, folder string) []string {
	output, err := exec.Command("ps", "-A", "-ww", "-o", "args=").Output()
	ts.Check(err)
	var found []string
	for line := range strings.Lines(string(output)) {
		if strings.Contains(line, folder) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// filesIn gives the files and folders in the temporary folder, but for the empty
// folder of records and its lock.
func filesIn(ts *testscript.TestScript, temp string) []string {
	var found []string
	for _, pattern := range []string{"*", "*/runs/*"} {
		paths, err := filepath.Glob(filepath.Join(temp, pattern))
		ts.Check(err)
		for _, path := range paths {
			_, err := os.Stat(filepath.Join(path, "runs"))
			if err != nil && filepath.Base(path) != "lock" {
				found = append(found, path)
			}
		}
	}
	return found
}
