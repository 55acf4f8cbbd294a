// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/aggtest/aggtest/fixtures/metrics/series"
	"github.com/aggtest/aggtest/scenarios/internal/spelling"
)

func (v *validator) node(path string, n *Node) {
	v.form(path+".name", n.Name, isGroup, nodeForm)
}

func (v *validator) controllerManager(path string, c *ControllerManager) {
	v.check(len(c.Controllers) > 0, path+".controllers", "is empty: name the controllers that run, such as deployment")
	for i, name := range c.Controllers {
		v.form(itemPath(path+".controllers", i), name, isServiceName, controllerForm)
	}
	v.processSettings(path, c.Flags, c.Env, "")
}

// runs is true when the control plane has a controller, which is named without
// -controller at the end.
func (v *validator) runs(controller string) bool {
	c := v.scenario.Spec.Given.ControlPlane
	return c != nil && c.ControllerManager != nil &&
		slices.ContainsFunc(c.ControllerManager.Controllers, func(name string) bool {
			return strings.TrimSuffix(name, "-controller") == controller
		})
}

// metricsServer looks at what only a server of the metrics fixture has, and what
// it alone has not.
func (v *validator) metricsServer(path string, s *Server) {
	if s.Fixture != FixtureMetrics {
		v.check(s.Metrics == nil, path+".metrics", "only a metrics server gives out values: set fixture: metrics")
		v.check(len(s.APIs) == 0, path+".apis", "only a metrics server has them: set fixture: metrics, or use serves")
		return
	}
	v.check(len(s.Serves) == 0, path+".serves", "a metrics server knows its resources: name its apis, or leave both out")
	v.check(s.Discovery == "" || s.Discovery == DiscoveryAggregated, path+".discovery", "a metrics server has both forms: leave it out")
	v.unique("api", len(s.APIs), func(i int) string { return itemPath(path+".apis", i) }, func(i int) string { return string(s.APIs[i]) })
	if s.Metrics == nil {
		return
	}
	at := path + ".metrics"
	for i, r := range s.Metrics.Nodes {
		v.usage(itemPath(at+".nodes", i), r.CPU, r.Memory)
	}
	for i, r := range s.Metrics.Pods {
		v.usage(itemPath(at+".pods", i), r.CPU, r.Memory)
	}
	for i, r := range s.Metrics.Custom {
		here := itemPath(at+".custom", i)
		v.check(r.Metric != "", here+".metric", "is empty")
		v.form(here+".resource", r.Resource, isGroup, metricResourceForm)
		v.check(r.Value != nil, here+".value", "is empty")
		v.series(here+".value", r.Value)
	}
	for i, r := range s.Metrics.External {
		here := itemPath(at+".external", i)
		v.check(r.Metric != "", here+".metric", "is empty")
		v.check(r.Value != nil, here+".value", "is empty")
		v.series(here+".value", r.Value)
	}
	v.ruleNames(at, s.Metrics)
}

func (v *validator) usage(path string, cpu, memory *Series) {
	v.check(cpu != nil || memory != nil, path, "has neither cpu nor memory")
	v.series(path+".cpu", cpu)
	v.series(path+".memory", memory)
}

// rule is one of a server's, by where it stands.
type rule struct{ path, name string }

// rules lists all rules of a server in order.
func (m *Metrics) rules(at string) []rule {
	if m == nil {
		return nil
	}
	var out []rule
	for i, r := range m.Nodes {
		out = append(out, rule{itemPath(at+".nodes", i), r.Name})
	}
	for i, r := range m.Pods {
		out = append(out, rule{itemPath(at+".pods", i), r.Name})
	}
	for i, r := range m.Custom {
		out = append(out, rule{itemPath(at+".custom", i), r.Name})
	}
	for i, r := range m.External {
		out = append(out, rule{itemPath(at+".external", i), r.Name})
	}
	return out
}

func (v *validator) ruleNames(at string, m *Metrics) {
	rules := m.rules(at)
	v.unique("rule", len(rules),
		func(i int) string { return rules[i].path + ".name" },
		func(i int) string { return rules[i].name })
}

func (v *validator) setAction(at string, a *SetAction) {
	v.check(a.CPU != nil || a.Memory != nil || a.Value != nil, at, "sets nothing: add cpu, memory or value")
	v.series(at+".cpu", a.CPU)
	v.series(at+".memory", a.Memory)
	v.series(at+".value", a.Value)
	s := v.server(at+".server", a.Server)
	if s == nil {
		return
	}
	if s.Fixture != FixtureMetrics {
		v.add(at+".server", "%s is no metrics server: only one with fixture: metrics has values", s.Name)
		return
	}
	var names []string
	for _, r := range s.Metrics.rules("") {
		if r.name != "" {
			names = append(names, r.name)
		}
	}
	v.check(slices.Contains(names, a.Name), at+".name", "server %s has no rule %q%s", s.Name, a.Name, spelling.DidYouMean(a.Name, names))
}

// series has the fixture itself judge, which says what each kind needs.
func (v *validator) series(path string, s *Series) {
	if s == nil {
		return
	}
	fixture, err := s.fixture()
	if err == nil {
		err = fixture.Validate()
	}
	for _, problem := range flatten(err) {
		v.add(path, "%v", problem)
	}
}

// fixture is the series as the fixture has it: its words are the same.
func (s *Series) fixture() (series.Series, error) {
	var out series.Series
	data, err := json.Marshal(s)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(data, &out)
}

// flatten gives the errors that were joined.
func flatten(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var out []error
		for _, one := range joined.Unwrap() {
			out = append(out, flatten(one)...)
		}
		return out
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
