// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReasonsOfRealLogs reads what the real programs wrote when they gave up.
func TestReasonsOfRealLogs(t *testing.T) {
	tests := []struct {
		log    string
		want   []string
		taken  bool
		reason string
	}{
		{
			log:    "kube-apiserver-unknown-flag.log",
			want:   []string{"Error: unknown flag: --no-such-flag"},
			reason: "the command line's own words",
		},
		{
			log:    "kube-apiserver-bad-mode.log",
			want:   []string{`E1122 23:58:36.652319    8135 run.go:72] "command failed" err="authorization-mode \"Nope\" is not a valid mode"`},
			reason: "information before the error does not matter",
		},
		{
			log: "kube-apiserver-port-taken.log",
			want: []string{
				`E1122 23:59:21.481066    8909 run.go:72] "command failed" err="failed to create listener: failed to listen on 127.0.0.1:23999: listen tcp 127.0.0.1:23999: bind: address already in use"`,
			},
			taken:  true,
			reason: "this start is tried again",
		},
		{
			log:    "kube-apiserver-no-etcd.log",
			want:   []string{`E1122 23:58:56.914214    8145 run.go:72] "command failed" err="error creating storage factory: etcd grpc connection not ready: context deadline exceeded"`},
			reason: "twenty warnings about the same connection do not matter",
		},
		{
			log:    "etcd-unknown-flag.log",
			want:   []string{"flag provided but not defined: -no-such-flag"},
			reason: "the usage after it is left out",
		},
		{
			log:    "etcd-port-taken.log",
			want:   []string{"fatal: discovery failed: listen tcp 127.0.0.1:23999: bind: address already in use"},
			taken:  true,
			reason: "JSON is told as a person would, without the stack",
		},
	}
	for _, test := range tests {
		t.Run(test.log, func(t *testing.T) {
			got := reasons(readLines(filepath.Join("testdata", test.log)), reasonLines)
			got = got[max(0, len(got)-len(test.want)):]
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.reason, diff)
			}
			if taken := portTaken(got); taken != test.taken {
				t.Errorf("portTaken is %t, want %t", taken, test.taken)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	klog := func(severity, text string, at int) string {
		return fmt.Sprintf("%s1122 10:00:%02d.000000    77 x.go:1] %s", severity, at, text)
	}
	tests := []struct {
		name   string
		lines  []string
		n      int
		want   []string
		reason string
	}{
		{name: "empty", n: 3, want: []string{}, reason: "a log may be empty"},
		{
			name:   "panic",
			lines:  []string{"panic: boom", "", "goroutine 1 [running]:", "main.main()"},
			n:      3,
			want:   []string{"panic: boom"},
			reason: "the stack is in the log",
		},
		{
			name:   "repeated",
			lines:  []string{klog("E", "cannot dial", 1), klog("E", "other", 2), klog("E", "cannot dial", 3)},
			n:      3,
			want:   []string{klog("E", "other", 2), klog("E", "cannot dial", 3)},
			reason: "the same text at another time is the same",
		},
		{
			name:   "only the last n",
			lines:  []string{klog("E", "a", 1), klog("E", "b", 2), klog("F", "c", 3)},
			n:      2,
			want:   []string{klog("E", "b", 2), klog("F", "c", 3)},
			reason: "the last words count most",
		},
		{
			name:   "nothing telling",
			lines:  []string{klog("I", "a", 1), klog("W", "b", 2), "plain", ""},
			n:      2,
			want:   []string{klog("W", "b", 2), "plain"},
			reason: "a killed process gives no reason; its last lines are better than none",
		},
		{
			name:   "usage first, error last",
			lines:  []string{"Usage:", "  x [flags]", "", "Some flags:", "      --a", "Error: bad"},
			n:      3,
			want:   []string{"Error: bad"},
			reason: "cobra prints the usage before the error",
		},
		{
			name:   "only usage and a word before it",
			lines:  []string{"cannot go on", "Usage:", "  x [flags]", "      --a"},
			n:      3,
			want:   []string{"cannot go on"},
			reason: "the usage never is a reason",
		},
		{
			name:   "long",
			lines:  []string{"Error: " + strings.Repeat("x", 2*longestLine)},
			n:      1,
			want:   []string{"Error: " + strings.Repeat("x", longestLine-len("Error: "))},
			reason: "an error is for reading",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := reasons(test.lines, test.n)
			if diff := cmp.Diff(strings.Join(test.want, "\n"), strings.Join(got, "\n")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.reason, diff)
			}
		})
	}
}

func TestReadLinesOfALongLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	var text strings.Builder
	for i := 0; text.Len() < 2*logWindow; i++ {
		fmt.Fprintf(&text, "line %d\n", i)
	}
	text.WriteString("last, without an end")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := readLines(path)
	if got := lines[len(lines)-1]; got != "last, without an end" {
		t.Errorf("the last line is %q", got)
	}
	if !strings.HasPrefix(lines[0], "line ") {
		t.Errorf("the first line is %q: a line that was cut must be left out", lines[0])
	}
	if lines := readLines(path + "-none"); lines != nil {
		t.Errorf("a log that is not there has lines: %q", lines)
	}
}

func TestCrashErrorOfASilentProcess(t *testing.T) {
	err := &CrashError{Process: "etcd", Log: "/tmp/x.log"}
	for _, want := range []string{"etcd exited and wrote nothing", "out of memory", "/tmp/x.log"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
