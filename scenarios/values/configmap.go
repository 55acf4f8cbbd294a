// SPDX-License-Identifier: Apache-2.0

package values

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aggtest/aggtest/fixtures/metrics"
)

const (
	// ServerLabel is on the ConfigMap of a metrics server, with its name.
	ServerLabel = "aggtest.dev/metrics-server"
	// rulesAnnotation lists the server's rules.
	rulesAnnotation = "aggtest.dev/rules"
	// suffix is what the ConfigMap is called, after the server's name.
	suffix = "-values"
)

// Kind says what a rule's values are of.
type Kind string

const (
	// Usage is CPU and memory, of nodes or pods.
	Usage Kind = "usage"
	// Metric is one value, custom or external.
	Metric Kind = "metric"
)

// Rule is one of a server's.
type Rule struct {
	// Name of the rule.
	Name string `json:"name"`
	// Kind is what it gives.
	Kind Kind `json:"kind"`
}

// Reference is the ConfigMap of a server, which it is told to watch.
func Reference(namespace, server string) *metrics.ConfigMapReference {
	return &metrics.ConfigMapReference{Namespace: namespace, Name: server + suffix}
}

// ConfigMap is the one for a server, with no changes yet.
func ConfigMap(namespace, server string, given metrics.Values) (*corev1.ConfigMap, error) {
	rules, err := json.Marshal(Rules(given))
	if err != nil {
		return nil, fmt.Errorf("list the rules of %s: %w", server, err)
	}
	return &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: server + suffix,
			Labels:      map[string]string{ServerLabel: server},
			Annotations: map[string]string{rulesAnnotation: string(rules)},
		},
	}, nil
}

// Rules lists the rules of a server in order. One without a name is known by its
// place, such as external.0.
func Rules(given metrics.Values) []Rule {
	var rules []Rule
	add := func(kind Kind, list string, i int, name string) {
		if name == "" {
			name = fmt.Sprintf("%s.%d", list, i)
		}
		rules = append(rules, Rule{Name: name, Kind: kind})
	}
	for i, r := range given.Nodes {
		add(Usage, "nodes", i, r.Name)
	}
	for i, r := range given.Pods {
		add(Usage, "pods", i, r.Name)
	}
	for i, r := range given.Custom {
		add(Metric, "custom", i, r.Name)
	}
	for i, r := range given.External {
		add(Metric, "external", i, r.Name)
	}
	return rules
}
