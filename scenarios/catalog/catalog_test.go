// SPDX-License-Identifier: Apache-2.0

package catalog_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"k8s.io/klog/v2"

	"github.com/aggtest/aggtest/scenarios"
	"github.com/aggtest/aggtest/scenarios/catalog"
	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func TestMain(m *testing.M) {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	goleak.VerifyTestMain(m,
		// klog flushes for as long as the process lives.
		goleak.IgnoreTopFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"),
	)
}

func load(t *testing.T) []*v1alpha1.Case {
	t.Helper()
	cases, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// TestEachFamilyIsThere keeps a scenario from getting lost with its folder.
func TestEachFamilyIsThere(t *testing.T) {
	count := map[string]int{}
	for _, c := range load(t) {
		count[c.Family]++
	}
	for family, atLeast := range map[string]int{"registration": 20, "priority": 8, "tls": 25, "discovery": 20, "metrics": 15, "controllers": 35} {
		if count[family] < atLeast {
			t.Errorf("%d scenarios in family %s, want at least %d", count[family], family, atLeast)
		}
	}
	if len(count) != 6 {
		t.Errorf("got families %v, want six", count)
	}
}

// TestEachKubectlOutputIsAsserted holds the commands that a user types and
// whose output a scenario looks at.
func TestEachKubectlOutputIsAsserted(t *testing.T) {
	asserted := map[string]bool{}
	for _, c := range load(t) {
		for _, step := range c.Spec.Steps {
			for _, e := range step.Expect {
				if e.Kubectl != nil && strings.Contains(e.That, "kubectl.stdout") || e.Kubectl != nil && strings.Contains(e.That, "kubectl.stderr") {
					asserted[e.Kubectl.Args] = true
				}
			}
		}
	}
	for _, args := range []string{
		"get apiservices",
		"get apiservices -o custom-columns=NAME:.metadata.name,STATUS:.status.conditions[0].status",
		"get --raw /apis/custom.example.com/v1beta1",
		"get myresources.custom.example.com",
	} {
		if !asserted[args] {
			t.Errorf("no scenario asserts what kubectl %s prints", args)
		}
	}
}

// TestCatalogPasses runs the catalogue.
func TestCatalogPasses(t *testing.T) {
	got, err := scenarios.Run(t.Context(), load(t), scenarios.Options{Observer: progress{t: t}, Parallel: atOnce})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range got.Scenarios {
		if result.Result != report.Passed {
			t.Errorf("%s: %s: %s\n%s", result.FullName(), result.Result, result.Reason, evidence(result))
		}
	}
	if len(got.Scenarios) < 80 {
		t.Errorf("the catalogue has %d scenarios, want at least 80", len(got.Scenarios))
	}
}

// TestCatalogNeedsItsFaults runs each scenario once more for each of its faults,
// without that fault: a scenario that passes then shows nothing.
func TestCatalogNeedsItsFaults(t *testing.T) {
	got, err := scenarios.RunWithoutEachFault(t.Context(), load(t), scenarios.Options{Observer: progress{t: t}, Parallel: atOnce})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range got.Scenarios {
		if result.Result != report.Passed {
			t.Errorf("%s: %s: %s", result.FullName(), result.Result, result.Reason)
		}
	}
	if len(got.Scenarios) < 80 {
		t.Errorf("only %d faults were found in the catalogue", len(got.Scenarios))
	}
}

// atOnce is the default of the runner. More would be quicker, since what takes
// long here is waiting, but the race detector and the tests of other packages
// have the processors too.
const atOnce = 4

func evidence(result report.Scenario) string {
	var b strings.Builder
	for _, section := range result.Evidence {
		fmt.Fprintf(&b, "%s\n\t%s\n", section.Title, strings.Join(section.Lines, "\n\t"))
	}
	return b.String()
}

type progress struct {
	scenarios.NopObserver
	t *testing.T
}

func (p progress) Finished(s report.Scenario) {
	p.t.Logf("%s %s/%s in %s", s.Result, s.Family, s.Name, time.Duration(s.Seconds).Round(time.Millisecond))
}

func ExampleLoad() {
	cases, err := catalog.Load()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for _, c := range cases {
		if c.Metadata.Name == "service-not-found" {
			fmt.Println(c.FullName(), "has", len(c.Spec.Steps), "steps")
		}
	}
	// Output: registration/service-not-found has 3 steps
}
