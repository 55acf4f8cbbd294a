// SPDX-License-Identifier: Apache-2.0

package child

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRun(t *testing.T) {
	for _, tc := range []struct {
		reason  string
		command []string
		want    int
		wantErr string
	}{
		{reason: "success", command: []string{"true"}},
		{reason: "the command's own status", command: []string{"sh", "-c", "exit 7"}, want: 7},
		{reason: "ended by a signal, as a shell says it", command: []string{"sh", "-c", "kill -9 $$"}, want: 137},
		{reason: "not to be started", command: []string{"/nonexistent"}, wantErr: "run /nonexistent"},
	} {
		r := New(exec.Command(tc.command[0], tc.command[1:]...))
		got, err := r.Run()
		r.Discard()
		switch {
		case tc.wantErr == "" && err != nil, tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr)):
			t.Errorf("%s: Run() = %v, want error %q", tc.reason, err, tc.wantErr)
		case got != tc.want:
			t.Errorf("%s: Run() = %d, want %d", tc.reason, got, tc.want)
		}
	}
}

// TestSignals has a command that says when it is there and what it was sent.
func TestSignals(t *testing.T) {
	for _, tc := range []struct {
		reason  string
		script  string
		signals []syscall.Signal
		want    int
	}{
		{
			reason:  "a termination is passed on",
			script:  `trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done`,
			signals: []syscall.Signal{syscall.SIGTERM}, want: 5,
		},
		{
			reason:  "so is a hangup",
			script:  `trap 'exit 6' HUP; echo ready; while :; do sleep 0.05; done`,
			signals: []syscall.Signal{syscall.SIGHUP}, want: 6,
		},
		{
			reason:  "a second termination kills",
			script:  `trap 'echo ready' TERM; echo ready; while :; do sleep 0.05; done`,
			signals: []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, want: 137,
		},
	} {
		command := exec.Command("sh", "-c", tc.script)
		out, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		r := New(command)
		sent := make(chan error, 1)
		go func() {
			lines := bufio.NewReader(out)
			for _, signal := range tc.signals {
				if _, err := lines.ReadString('\n'); err != nil {
					sent <- err
					return
				}
				if err := syscall.Kill(os.Getpid(), signal); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		got, err := r.Run()
		r.Discard()
		if sendErr := <-sent; err != nil || sendErr != nil || got != tc.want {
			t.Errorf("%s: Run() = %d, %v, %v, want %d", tc.reason, got, err, sendErr, tc.want)
		}
	}
}
