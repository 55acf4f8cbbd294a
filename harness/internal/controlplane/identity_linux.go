// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// lookup returns a process's start time in clock ticks since boot, field 22 of
// proc_pid_stat(5), and whether it is there and has not ended.
func lookup(pid int) (started string, running bool) {
	fields := stat(fmt.Sprintf("/proc/%d/stat", pid))
	if len(fields) < 20 {
		return "", false
	}
	state, started := fields[0], fields[19]
	return started, state != "Z" && state != "X"
}

// stat returns the fields of a process's or a thread's stat file from the third
// on. None when it is not there.
func stat(path string) []string {
	stat, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	// The second field is the command in brackets and may hold anything, so
	// that the fields count from the last bracket: the next one is the third.
	_, rest := cutLast(string(stat), ')')
	return strings.Fields(rest)
}

// halted tells whether all threads of a process were stopped by a signal.
func halted(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(threads) == 0 {
		return false
	}
	for _, thread := range threads {
		if fields := stat(thread); len(fields) > 0 && fields[0] != "T" {
			return false
		}
	}
	return true
}

// memory returns a process's resident memory in bytes, or 0.
func memory(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmRSS:"); found {
			kibibytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kibibytes << 10
		}
	}
	return 0
}

func cutLast(s string, sep byte) (before, after string) {
	i := strings.LastIndexByte(s, sep)
	return s[:max(i, 0)], s[i+1:]
}

// commandLine returns a process's arguments, separated by blanks. Empty when
// there is no such process.
func commandLine(pid int) string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(string(line), "\x00", " ")
}

// bootID names the time since the kernel was started: pids and start times of
// another boot say nothing.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// pidSpace names the pid namespace: the pids of a container that shares only
// the folder of records with us mean nothing here.
func pidSpace() string {
	name, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return name
}
