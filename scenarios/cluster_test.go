// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/timeline"
	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

var update = flag.Bool("update", false, "write the golden files anew")

// shared is the control plane of the package's tests, booted by the first that
// asks for it.
var shared = sync.OnceValues(func() (*clusterPlane, error) {
	cluster, err := harness.New(context.Background(), harness.Config{})
	if err != nil {
		return nil, err
	}
	c, err := connect(cluster)
	if err != nil {
		return nil, err
	}
	return &clusterPlane{connection: c, observer: &serialObserver{to: NopObserver{}}}, nil
})

var wantsShared = false

func sharedPlane(t *testing.T) *clusterPlane {
	t.Helper()
	wantsShared = true
	p, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ofOthers lives for 3 s at most after a list, in each extension server, and
// cannot be ended: k8s.io/apiserver@v0.37.2/pkg/storage/cacher/watch_cache.go:341.
var ofOthers = goleak.IgnoreTopFunction("k8s.io/apiserver/pkg/storage/cacher.(*watchCache).waitUntilFreshLocked.func2")

func TestMain(m *testing.M) {
	flag.Parse()
	before := goleak.IgnoreCurrent()
	code := m.Run()
	if wantsShared {
		if p, err := shared(); err == nil {
			if err := p.close(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
	}
	if code == 0 {
		if err := goleak.Find(before, ofOthers); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// load reads the one scenario of a file in testdata.
func load(t *testing.T, name string) *v1alpha1.Case {
	t.Helper()
	cases, err := v1alpha1.Load(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) != 1 {
		t.Fatalf("%s has %d cases, want 1", name, len(cases))
	}
	return cases[0]
}

func TestEveryVerb(t *testing.T) {
	p := sharedPlane(t)
	before := inventory(t, p)
	result := p.run(t.Context(), &job{scenario: load(t, "every-verb.yaml")})
	if result.Result != report.Passed {
		t.Fatalf("%s: %s", result.Result, result.Text())
	}
	if want := 10; len(result.Steps) != want {
		t.Errorf("%d steps are reported, want %d", len(result.Steps), want)
	}
	for _, step := range result.Steps {
		if step.Result != report.Passed || step.Seconds <= 0 {
			t.Errorf("step %q: %s after %v seconds", step.Name, step.Result, step.Seconds)
		}
	}
	sameInventory(t, p, before)
	for _, path := range []string{"/apis/every-verb.example.com", "/apis/every-verb.example.com/v1", "/apis/every-verb.example.com/v1alpha1"} {
		if code := codeOf(t, p, path); code != http.StatusNotFound {
			t.Errorf("%s answers %d afterwards, want 404", path, code)
		}
	}
}

func TestFailure(t *testing.T) {
	p := sharedPlane(t)
	before := inventory(t, p)
	result := p.run(t.Context(), &job{scenario: load(t, "wrong.yaml")})
	if result.Result != report.Failed {
		t.Fatalf("result %s, want failed", result.Result)
	}
	sameInventory(t, p, before)
	if took := time.Duration(result.Steps[1].Seconds); took < 3*time.Second || took > 5*time.Second {
		t.Errorf("the step that failed took %s, want the 3s that it may take", took)
	}
	if got := result.Steps[2].Result; got != report.Skipped {
		t.Errorf("the step after it is %s, want skipped", got)
	}
	golden(t, "wrong.txt", normalised(result.Text()))
}

func TestStored(t *testing.T) {
	p := sharedPlane(t)
	before := inventory(t, p)
	for run := range 2 {
		result := p.run(t.Context(), &job{scenario: load(t, "stored.yaml")})
		if result.Result != report.Passed {
			t.Fatalf("run %d: %s: %s", run+1, result.Result, result.Text())
		}
	}
	sameInventory(t, p, before)
}

func TestInterrupted(t *testing.T) {
	p := sharedPlane(t)
	before := inventory(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := load(t, "wrong.yaml")
	c.Spec.Steps[1].Expect[0].Within = v1alpha1.Duration(time.Minute)
	during := &clusterPlane{connection: p.connection, observer: &serialObserver{to: onStep(cancel)}}
	began := time.Now()
	result := during.run(ctx, &job{scenario: c})
	if result.Result != report.Failed || result.Reason != "interrupted" {
		t.Errorf("%s: %s; want failed: interrupted", result.Result, result.Reason)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it ended after %s", took)
	}
	sameInventory(t, p, before)
}

func TestActionFails(t *testing.T) {
	p := sharedPlane(t)
	before := inventory(t, p)
	c := load(t, "wrong.yaml")
	c.Spec.Steps[1].Do[0] = v1alpha1.Action{Delete: &v1alpha1.ObjectReference{APIVersion: "v1", Kind: "Service", Namespace: "wrong-system", Name: "wrang"}}
	result := p.run(t.Context(), &job{scenario: c})
	want := "step \"no endpoints\": delete Service wrong-system/wrang: services \"wrang\" not found\nat testdata/wrong.yaml:24:7"
	if result.Result != report.Failed || result.Reason != want {
		t.Errorf("%s: %s\nwant failed: %s", result.Result, result.Reason, want)
	}
	if step := result.Steps[1]; step.Result != report.Failed || len(step.Expectations) != 0 {
		t.Errorf("the step is %s with %d expectations, want failed before any was watched", step.Result, len(step.Expectations))
	}
	sameInventory(t, p, before)
}

func TestGivenFails(t *testing.T) {
	p := sharedPlane(t)
	before := inventory(t, p)
	c := load(t, "wrong.yaml")
	c.Spec.Given.APIServices = append(c.Spec.Given.APIServices, c.Spec.Given.APIServices[0])
	result := p.run(t.Context(), &job{scenario: c})
	if want := `already exists`; result.Result != report.Failed || !strings.Contains(result.Reason, want) {
		t.Errorf("%s: %s\nwant failed: ... %s", result.Result, result.Reason, want)
	}
	for _, step := range result.Steps {
		if step.Result != report.Skipped {
			t.Errorf("step %q is %s, want skipped", step.Name, step.Result)
		}
	}
	sameInventory(t, p, before)
}

func TestTimeout(t *testing.T) {
	p := sharedPlane(t)
	before := inventory(t, p)
	c := load(t, "wrong.yaml")
	c.Spec.Timeout = v1alpha1.Duration(2 * time.Second)
	c.Spec.Steps[1].Expect[0].Within = v1alpha1.Duration(time.Minute)
	result := p.run(t.Context(), &job{scenario: c})
	if want := "the scenario took longer than its timeout of 2s"; result.Result != report.Failed || !strings.Contains(result.Reason, want) {
		t.Errorf("%s: %s\nwant failed: ... %s", result.Result, result.Reason, want)
	}
	sameInventory(t, p, before)
}

func TestInstall(t *testing.T) {
	p := sharedPlane(t)
	cluster, before := p.connection.cluster, inventory(t, p)
	given := load(t, "wrong.yaml").Spec.Given
	installed, err := Install(t.Context(), cluster, given)
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.WaitServes(t.Context(), schema.GroupVersion{Group: "wrong.example.com", Version: "v1"}); err != nil {
		t.Error(err)
	}
	if installed.Server("wrong") == nil || installed.Server("right") != nil {
		t.Error("servers are not found by their names")
	}
	for range 2 {
		if err := installed.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	sameInventory(t, p, before)

	given.Objects = []v1alpha1.Object{object("v1", "NoSuchKind", "", "a")}
	if _, err := Install(t.Context(), cluster, given); err == nil || !strings.Contains(err.Error(), "v1 has no kind NoSuchKind") {
		t.Errorf("error %v, want that there is no such kind", err)
	}
	sameInventory(t, p, before)
}

// onStep calls itself at the end of each step.
type stepObserver struct {
	NopObserver
	f func()
}

func (o stepObserver) StepDone(report.Scenario, report.Step) { o.f() }

func onStep(f func()) Observer { return stepObserver{f: f} }

func TestPanic(t *testing.T) {
	p := sharedPlane(t)
	before := inventory(t, p)
	panics := &clusterPlane{connection: p.connection, observer: &serialObserver{to: onStep(func() { panic("the observer trips") })}}
	result := panics.run(t.Context(), &job{scenario: load(t, "wrong.yaml")})
	if result.Result != report.Failed || !strings.HasPrefix(result.Reason, "panic: the observer trips\n") {
		t.Errorf("%s: %s; want failed for the panic", result.Result, result.Reason)
	}
	sameInventory(t, p, before)
}

// TestRunWithItsOwnControlPlane goes through Run itself, which boots two
// kube-apiservers.
func TestRunWithItsOwnControlPlane(t *testing.T) {
	c := load(t, "stored.yaml")
	c.Spec.Given.ControlPlane = &v1alpha1.ControlPlane{APIServers: 2}
	var kept []string
	failing := load(t, "wrong.yaml")
	failing.Spec.Given.ControlPlane = &v1alpha1.ControlPlane{APIServers: 2}
	failing.Spec.Steps[1].Expect[0].Within = 0
	got, err := Run(t.Context(), []*v1alpha1.Case{c, failing}, Options{
		Keep: func(ctx context.Context, cluster *harness.Cluster, failed report.Scenario) {
			kept = append(kept, failed.FullName())
			if failed.Name != "wrong" {
				return
			}
			if cluster.APIService(1, "v1.wrong.example.com") == nil {
				t.Error("what a kept scenario made is gone already")
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := (report.Summary{Passed: 1, Failed: 1}); got.Summary() != want {
		var text bytes.Buffer
		_ = got.WriteJSON(&text)
		t.Fatalf("summary %+v, want %+v: %s", got.Summary(), want, text.String())
	}
	if got.Kubernetes != harness.DefaultKubernetes {
		t.Errorf("kubernetes is %q, want %q", got.Kubernetes, harness.DefaultKubernetes)
	}
	if !slices.Equal(kept, []string{"runner/wrong"}) {
		t.Errorf("kept %q, want the one that failed", kept)
	}
}

// TestEveryFault runs every verb that breaks something on three kube-apiservers.
// Run closes the control plane, which fails when the scenario left one of them
// stopped or paused that cannot be ended.
func TestEveryFault(t *testing.T) {
	c := load(t, "every-fault.yaml")
	var timelines []string
	got, err := Run(t.Context(), []*v1alpha1.Case{c}, Options{
		Timeline: func(what string, _ *timeline.Timeline) { timelines = append(timelines, what) },
	})
	if err != nil {
		t.Fatal(err)
	}
	result := got.Scenarios[0]
	if result.Result != report.Passed {
		t.Fatalf("%s: %s", result.Result, result.Text())
	}
	if want := []string{"the control plane of runner/every-fault"}; !slices.Equal(timelines, want) {
		t.Errorf("timelines of %q, want %q", timelines, want)
	}
	if len(result.Intervals) != 1 || result.Intervals[0].Name != "outage" || result.Intervals[0].Seconds <= 0 ||
		result.Intervals[0].From != "one kube-apiserver cannot reach the server" {
		t.Errorf("intervals %+v, want the outage", result.Intervals)
	}
	kinds := map[string]int{}
	for _, entry := range result.Timeline {
		kinds[fmt.Sprintf("%T", entry.Fact)]++
	}
	for _, fact := range []timeline.Fact{
		timeline.ConditionChange{}, timeline.Dial{}, timeline.Hangup{}, timeline.Request{}, timeline.Fault{},
		timeline.Action{}, timeline.Expectation{}, timeline.Interval{}, timeline.Process{},
	} {
		if kinds[fmt.Sprintf("%T", fact)] == 0 {
			t.Errorf("the scenario's timeline has no %T, only %v", fact, kinds)
		}
	}
}

// kinds of objects that a scenario can leave behind.
var inventoried = []schema.GroupVersionResource{
	{Version: "v1", Resource: "namespaces"},
	{Version: "v1", Resource: "services"},
	{Version: "v1", Resource: "configmaps"},
	{Version: "v1", Resource: "secrets"},
	{Version: "v1", Resource: "serviceaccounts"},
	{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
	{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"},
	{Group: "networking.k8s.io", Version: "v1", Resource: "ipaddresses"},
}

// inventory names every object of those kinds.
func inventory(t *testing.T, p *clusterPlane) []string {
	t.Helper()
	var names []string
	for _, resource := range inventoried {
		list, err := p.connection.dynamic.Resource(resource).List(context.WithoutCancel(t.Context()), metav1.ListOptions{})
		if err != nil {
			t.Fatalf("list %s: %v", resource, err)
		}
		for _, object := range list.Items {
			// kube-apiserver makes these by itself, some time after its start.
			if object.GetName() == "kubernetes" || object.GetName() == "10.0.0.1" {
				continue
			}
			names = append(names, fmt.Sprintf("%s %s/%s", resource.Resource, object.GetNamespace(), object.GetName()))
		}
	}
	slices.Sort(names)
	return names
}

func sameInventory(t *testing.T, p *clusterPlane, before []string) {
	t.Helper()
	after := inventory(t, p)
	for _, name := range after {
		if !slices.Contains(before, name) {
			t.Errorf("left behind: %s", name)
		}
	}
	for _, name := range before {
		if !slices.Contains(after, name) {
			t.Errorf("gone: %s", name)
		}
	}
}

func codeOf(t *testing.T, p *clusterPlane, path string) int {
	t.Helper()
	administrator, err := p.connection.as(0, v1alpha1.User{})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := administrator.send(t.Context(), http.MethodGet, path, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer.code
}

// varying are the numbers and addresses that differ from run to run.
var varying = []struct {
	pattern *regexp.Regexp
	to      string
}{
	{regexp.MustCompile(`\d+(\.\d+)?(ms|µs|s)\b`), "<time>"},
	{regexp.MustCompile(`(?m)^( +)[+ ]+<time>`), "$1<time>"},
	{regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+:\d+`), "<address>"},
	{regexp.MustCompile(`(?ms)^(connections and requests[^\n]*)\n.*?(\n\n|\z)`), "$1\n  ...$2"},
	{regexp.MustCompile(`(?ms)^(log of [^\n]*)\n.*?(\n\n|\z)`), "$1\n  ...$2"},
}

func normalised(text string) string {
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.to)
	}
	return text + "\n"
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update if this is right\ngot\n%s\nwant\n%s", path, got, want)
	}
}

// TestStoryIsGolden holds that the timeline of a scenario reads the same at each
// run. Connections are left out, since how many the aggregator makes depends on
// how fast its probes are.
func TestStoryIsGolden(t *testing.T) {
	p := sharedPlane(t)
	result := p.run(t.Context(), &job{scenario: load(t, "story.yaml")})
	if result.Result != report.Passed {
		t.Fatalf("%s: %s", result.Result, result.Text())
	}
	entries := slices.DeleteFunc(result.Timeline, func(entry timeline.Entry) bool {
		switch entry.Fact.(type) {
		case timeline.Dial, timeline.Hangup, timeline.Request:
			return true
		}
		return false
	})
	var text bytes.Buffer
	if err := timeline.WriteText(&text, entries, timeline.TextOptions{Golden: true}); err != nil {
		t.Fatal(err)
	}
	golden(t, "story.txt", text.String())
}
