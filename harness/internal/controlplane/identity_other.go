// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package controlplane

import (
	"os/exec"
	"strconv"
	"strings"
)

// lookup returns a process's start time to the second, and whether it is there
// and has not ended.
func lookup(pid int) (started string, running bool) {
	out, err := exec.Command("ps", "-o", "stat=,lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", false
	}
	state, started, found := strings.Cut(strings.TrimSpace(string(out)), " ")
	if !found {
		return "", false
	}
	return strings.Join(strings.Fields(started), " "), !strings.HasPrefix(state, "Z")
}

// halted tells whether a process was stopped by a signal.
func halted(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.HasPrefix(strings.TrimSpace(string(out)), "T")
}

// memory returns a process's resident memory in bytes, or 0.
func memory(pid int) int64 {
	out, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0
	}
	kibibytes, _ := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	return kibibytes << 10
}

// commandLine returns a process's arguments, separated by blanks. Empty when
// there is no such process.
func commandLine(pid int) string {
	out, err := exec.Command("ps", "-ww", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// bootID is empty: a start time of ps is a full date, which no other boot has.
func bootID() string { return "" }

// pidSpace is empty: there are no pid namespaces.
func pidSpace() string { return "" }
