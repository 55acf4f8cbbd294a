// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// ownRecords gives a test a folder of records of its own.
func ownRecords(t *testing.T) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
}

func TestSweepAfterAKilledOwner(t *testing.T) {
	ownRecords(t)
	run, kill, reap := startOwner(t, "sleepers", nil)

	if swept, err := Sweep(t.Context()); err != nil || swept.Runs != 0 {
		t.Errorf("while the owner lives: swept %+v, %v", swept, err)
	}
	for _, pid := range run.PIDs {
		if !running(pid) {
			t.Fatalf("process %d has gone before the owner was killed", pid)
		}
	}

	kill()
	// Not reaped: a zombie owner is as dead as any. It becomes one in its own time.
	owner := identity{}
	for _, path := range recordFiles(t) {
		owner = readRecord(t, path).Owner
	}
	if err := owner.awaitGone(); err != nil {
		t.Fatal(err)
	}
	swept, err := Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if swept.Runs != 1 || len(swept.Processes) != 2 || len(swept.Paths) != 3 {
		t.Errorf("swept %+v, want one run with 2 processes and 3 paths", swept)
	}
	for _, pid := range run.PIDs {
		if running(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
	for _, path := range run.Paths {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	reap()
	if swept, err := Sweep(t.Context()); err != nil || swept.Runs != 0 {
		t.Errorf("a second sweep: %+v, %v", swept, err)
	}
}

func TestSweepSparesWhatIsNotOurs(t *testing.T) {
	living := identityOf(t, os.Getpid())
	dead := living
	dead.Started += "1"
	tests := []struct {
		name      string
		record    func(sleeper identity, dir string) recordContent
		wantRuns  int
		wantAlive bool
		wantDir   bool
		reason    string
	}{
		{
			name: "the very process",
			record: func(sleeper identity, dir string) recordContent {
				return recordContent{Owner: dead, Paths: []string{dir}, Children: []child{{Name: "x", identity: sleeper}}}
			},
			wantRuns: 1,
			reason:   "owner dead, pid and start time right",
		},
		{
			name: "halted",
			record: func(sleeper identity, dir string) recordContent {
				if err := sleeper.pause(); err != nil {
					panic(err)
				}
				return recordContent{Owner: dead, Paths: []string{dir}, Children: []child{{Name: "x", identity: sleeper}}}
			},
			wantRuns: 1,
			reason:   "a paused process is killed like any other",
		},
		{
			name: "living owner",
			record: func(sleeper identity, dir string) recordContent {
				return recordContent{Owner: living, Paths: []string{dir}, Children: []child{{Name: "x", identity: sleeper}}}
			},
			wantAlive: true, wantDir: true,
			reason: "a run that goes on is nobody else's business",
		},
		{
			name: "pid used again",
			record: func(sleeper identity, dir string) recordContent {
				sleeper.Started = "1"
				return recordContent{Owner: dead, Paths: []string{dir}, Children: []child{{Name: "x", identity: sleeper}}}
			},
			wantRuns: 1, wantAlive: true,
			reason: "another start time is another process",
		},
		{
			name: "wrong marker",
			record: func(sleeper identity, dir string) recordContent {
				return recordContent{Owner: dead, Paths: []string{dir}, Children: []child{{Name: "x", identity: sleeper, Marker: dir}}}
			},
			wantRuns: 1, wantAlive: true,
			reason: "the command line must name the run's folder",
		},
		{
			name: "pid file, right command line",
			record: func(sleeper identity, dir string) recordContent {
				return recordContent{Owner: dead, Paths: []string{dir}, Children: []child{{Name: "x", PIDFile: pidFile(dir, sleeper), Marker: "1234.5"}}}
			},
			wantRuns: 1,
			reason:   "the owner died before it learnt the pid",
		},
		{
			name: "pid file, other command line",
			record: func(sleeper identity, dir string) recordContent {
				return recordContent{Owner: dead, Paths: []string{dir}, Children: []child{{Name: "x", PIDFile: pidFile(dir, sleeper), Marker: dir}}}
			},
			wantRuns: 1, wantAlive: true,
			reason: "the pid of the file was used again",
		},
		{
			name: "pid file, no marker",
			record: func(sleeper identity, dir string) recordContent {
				return recordContent{Owner: dead, Paths: []string{dir}, Children: []child{{Name: "x", PIDFile: pidFile(dir, sleeper)}}}
			},
			wantRuns: 1, wantAlive: true,
			reason: "a bare pid proves nothing",
		},
		{
			name: "no pid file",
			record: func(_ identity, dir string) recordContent {
				return recordContent{Owner: dead, Paths: []string{dir}, Children: []child{{Name: "x", PIDFile: filepath.Join(dir, "none"), Marker: dir}}}
			},
			wantRuns: 1, wantAlive: true,
			reason: "the child was never launched",
		},
		{
			name: "another boot",
			record: func(sleeper identity, dir string) recordContent {
				return recordContent{Boot: "another", Owner: living, Paths: []string{dir}, Children: []child{{Name: "x", identity: sleeper}}}
			},
			wantRuns: 1, wantAlive: true,
			reason: "no process outlives the kernel, but files do",
		},
		{
			name: "another pid namespace",
			record: func(sleeper identity, dir string) recordContent {
				return recordContent{Space: "another", Owner: dead, Paths: []string{dir}, Children: []child{{Name: "x", identity: sleeper}}}
			},
			wantAlive: true, wantDir: true,
			reason: "whether that owner lives cannot be seen from here",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ownRecords(t)
			sleeper := startSleeper(t)
			dir := filepath.Join(t.TempDir(), "run")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			record := test.record(sleeper, dir)
			if record.Boot == "" {
				record.Boot = bootID()
			}
			if record.Space == "" {
				record.Space = pidSpace()
			}
			writeRecord(t, record)
			swept, err := Sweep(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, dirErr := os.Stat(dir)
			if swept.Runs != test.wantRuns || sleeper.alive() != test.wantAlive || (dirErr == nil) != test.wantDir {
				t.Errorf("runs %d, process alive %t, folder there %t; want %d, %t, %t: %s",
					swept.Runs, sleeper.alive(), dirErr == nil, test.wantRuns, test.wantAlive, test.wantDir, test.reason)
			}
		})
	}
}

func TestSweepKeepsARecordThatItCannotRead(t *testing.T) {
	ownRecords(t)
	folder, err := recordFolder()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "1"+finished)
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the error must name %s: %v", path, err)
	}
}

func TestSweepsAtOnce(t *testing.T) {
	ownRecords(t)
	const runs = 5
	for range runs {
		writeRecord(t, recordContent{Boot: "another"})
	}
	var mu sync.Mutex
	total := 0
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			swept, err := Sweep(context.Background())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			total += swept.Runs
		})
	}
	wait.Wait()
	if total != runs {
		t.Errorf("%d runs were swept in all, want each of %d once", total, runs)
	}
}

func TestSweepWaitsForAnother(t *testing.T) {
	ownRecords(t)
	folder, err := recordFolder()
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := lockFolder(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*lockPoll)
	defer cancel()
	if _, err := Sweep(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another sweeps: %v, want ctx's end", err)
	}
	unlock()
	if _, err := Sweep(t.Context()); err != nil {
		t.Errorf("after the other: %v", err)
	}
}

func TestRecordFolderMustBePrivate(t *testing.T) {
	ownRecords(t)
	folder, err := recordFolder()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := NewRecord(); err == nil || !strings.Contains(err.Error(), folder) {
		t.Errorf("others could have us kill what they like: %v", err)
	}
}

func TestRecordRefusesPathsThatNoRunOwns(t *testing.T) {
	ownRecords(t)
	t.Setenv("HOME", "/home/somebody")
	record, err := NewRecord()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path string
		ok   bool
	}{
		{"/", false}, {"/home", false}, {"/home/somebody", false}, {"relative", false},
		{os.TempDir(), false}, {filepath.Dir(os.TempDir()), false},
		{"/home/somebody/run-1", true}, {filepath.Join(os.TempDir(), "run"), true},
	}
	for _, test := range tests {
		if err := record.AddPath(test.path); (err == nil) != test.ok {
			t.Errorf("AddPath(%q) gave %v, want ok %t", test.path, err, test.ok)
		}
	}
	if err := record.Close(); err != nil {
		t.Error(err)
	}
}

func TestRecordStaysForWhatIsLeft(t *testing.T) {
	ownRecords(t)
	left := filepath.Join(t.TempDir(), "log")
	record, err := NewRecord()
	if err != nil {
		t.Fatal(err)
	}
	if err := record.AddPath(left); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := record.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if files := recordFiles(t); len(files) != 1 {
		t.Fatalf("the record of %s has gone: %q", left, files)
	}
	if err := record.AddPath(left); err == nil {
		t.Error("a closed record takes paths")
	}
	if swept, err := Sweep(t.Context()); err != nil || swept.Runs != 0 {
		t.Errorf("while this process lives: swept %+v, %v", swept, err)
	}
}

func identityOf(t *testing.T, pid int) identity {
	t.Helper()
	id, ok := identify(pid)
	if !ok {
		t.Fatalf("no process %d", pid)
	}
	return id
}

func startSleeper(t *testing.T) identity {
	t.Helper()
	cmd := exec.Command("sleep", "1234.5")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return identityOf(t, cmd.Process.Pid)
}

func pidFile(dir string, id identity) string {
	path := filepath.Join(filepath.Dir(dir), "pid")
	if err := os.WriteFile(path, []byte(strconv.Itoa(id.PID)+"\n"), 0o600); err != nil {
		panic(err)
	}
	return path
}

func writeRecord(t *testing.T, content recordContent) {
	t.Helper()
	folder, err := recordFolder()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, fmt.Sprintf("%d%s", len(recordFiles(t)), finished))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func recordFiles(t *testing.T) []string {
	t.Helper()
	folder, err := recordFolder()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"+finished))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func readRecord(t *testing.T, path string) recordContent {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var content recordContent
	if err := json.Unmarshal(text, &content); err != nil {
		t.Fatal(err)
	}
	return content
}
