// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	tests := []struct{ name, text, reason string }{
		{"plain", "abc", "nothing to do"},
		{"empty", "", "an empty word is still a word"},
		{"blanks", " a  b\t", "blanks do not split"},
		{"single quote", "it's 'so'", "the quote's own character"},
		{"double quote", `a"b"`, "no meaning inside single quotes"},
		{"dollar", "$HOME ${x} $(id) `id`", "nothing is expanded"},
		{"backslash", `a\b\\`, "a backslash stays one"},
		{"newline", "a\nb\n\nc", "lines inside a word"},
		{"glob", "* ? [a] ~ #! ; & | < >", "no file names, no operators"},
		{"bytes", "ä\x01\xff", "any byte but zero"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out, err := exec.Command("/bin/sh", "-c", "printf %s "+quote(test.text)).Output()
			if err != nil {
				t.Fatal(err)
			}
			if string(out) != test.text {
				t.Errorf("got %q, want %q: %s", out, test.text, test.reason)
			}
		})
	}
}

// TestLauncher runs a launcher in front of a script that tells what it got.
func TestLauncher(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd 'dir' $x")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "a binary")
	text := "#!/bin/sh\necho \"pid=$$ proxy=[$HTTP_PROXY$https_proxy] no=[$no_proxy] odd=[$ODD]\"\nfor a; do echo \"arg=[$a]\"; done\n"
	if err := os.WriteFile(binary, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	path, pidFile := filepath.Join(dir, "launcher"), filepath.Join(dir, "pid")
	l := launcher{binary: binary, pidFile: pidFile, help: "--some-flag", env: map[string]string{"ODD": oddValue, "no_proxy": "here"}}
	if err := l.write(path); err != nil {
		t.Fatal(err)
	}

	help, err := exec.Command(path, "--help").Output()
	if err != nil || string(help) != "--some-flag\n" {
		t.Errorf("--help printed %q, %v", help, err)
	}
	if _, err := os.Stat(pidFile); err == nil {
		t.Error("--help wrote a pid file: nothing runs then")
	}

	var lifeline, log strings.Builder
	cmd := exec.Command(path, "--a=b c", "d'e")
	cmd.Stdout, cmd.Stderr = &lifeline, &log
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(cmd.Process.Pid)
	if got := lifeline.String(); got != pid+"\n" {
		t.Errorf("the lifeline has %q, want the pid %s alone", got, pid)
	}
	if got, _ := os.ReadFile(pidFile); string(got) != pid+"\n" {
		t.Errorf("the pid file has %q, want %s", got, pid)
	}
	want := "pid=" + pid + " proxy=[] no=[here] odd=[" + oddValue + "]\narg=[--a=b c]\narg=[d'e]\n"
	if log.String() != want {
		t.Errorf("the binary wrote to the log\n%q\nwant\n%q", log.String(), want)
	}
}

func TestLauncherDoesNotStartWhatNoSweepFinds(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "launcher")
	l := launcher{binary: "/bin/echo", pidFile: filepath.Join(dir, "gone", "pid")}
	if err := l.write(path); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "started").CombinedOutput()
	if err == nil || strings.Contains(string(out), "started") {
		t.Errorf("without a pid file it must not start: %q, %v", out, err)
	}
}
