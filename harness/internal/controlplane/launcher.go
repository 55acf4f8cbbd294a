// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
)

// launcher is the little shell script that stands in for a binary in front of
// envtest. envtest gives neither the child's pid nor a hand on its environment,
// and runs it with --help at each start to look for flags, which costs a real
// kube-apiserver a quarter of a second.
//
// The script writes its pid, cleans the environment and becomes the binary by
// exec, so that the pid stays the child's.
type launcher struct {
	// binary is the path of what is started.
	binary string
	// pidFile gets the pid, for a sweep after the owner was killed.
	pidFile string
	// help is what --help prints. It must name the flags that envtest looks for.
	help string
	// env is exported, after the proxy variables were taken out.
	env map[string]string
}

// proxyVariables are what net/http.ProxyFromEnvironment and gRPC look at.
var proxyVariables = []string{
	"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
	"http_proxy", "https_proxy", "all_proxy", "no_proxy",
}

// script is the launcher's text. Its standard output is the lifeline, a pipe on
// which the owner reads the pid, and whose end tells it that the child is gone:
// the child keeps it open as descriptor 3, and writes its own output to the log.
// Each step that fails ends the script, and with it the start: a child that no
// sweep could find must not run.
func (l launcher) script() string {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n")
	fmt.Fprintf(&b, "if [ \"$1\" = --help ]; then echo %s; exit 0; fi\n", quote(l.help))
	b.WriteString("exec 3>&1 1>&2 || exit 1\n")
	fmt.Fprintf(&b, "echo $$ > %s || exit 1\n", quote(l.pidFile))
	fmt.Fprintf(&b, "unset %s\n", strings.Join(proxyVariables, " "))
	for _, name := range slices.Sorted(maps.Keys(l.env)) {
		fmt.Fprintf(&b, "export %s=%s\n", name, quote(l.env[name]))
	}
	b.WriteString("echo $$ >&3 || exit 1\n")
	fmt.Fprintf(&b, "exec %s \"$@\"\n", quote(l.binary))
	return b.String()
}

// quote makes one word of a text for the shell, whatever is in it but a zero
// byte.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// write puts the script where envtest will start it.
//
// While the file is open for writing no child may be forked: it would hold the
// descriptor for a moment, and the kernel refuses to execute a file that
// somebody may write to ("text file busy"). Go's fork takes the same lock.
func (l launcher) write(path string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(l.script()), 0o700); err != nil {
		return fmt.Errorf("write a launcher: %w", err)
	}
	return nil
}
