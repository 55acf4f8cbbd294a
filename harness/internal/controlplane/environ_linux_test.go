// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEnvironmentOfTheChildren(t *testing.T) {
	c := shared.get(t)
	if os.Getenv("HTTP_PROXY") != deadProxy {
		t.Fatal("the test itself has no proxy to keep from the children")
	}
	for _, process := range c.processes() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", process.PID()))
		if err != nil {
			t.Fatal(err)
		}
		environ := strings.Split(string(text), "\x00")
		for _, entry := range environ {
			name, _, _ := strings.Cut(entry, "=")
			if slices.Contains(proxyVariables, name) {
				t.Errorf("%s has %s", process.Name(), entry)
			}
		}
		if odd := slices.Contains(environ, "AGGTEST_ODD="+oddValue); odd != (process != c.Etcd()) {
			t.Errorf("%s has the configured variable: %t; its environment is %q", process.Name(), odd, environ)
		}
	}
}
