// SPDX-License-Identifier: Apache-2.0

package values

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/aggtest/aggtest/fixtures/metrics"
	"github.com/aggtest/aggtest/scenarios/internal/spelling"
)

// ErrNoServer says that there is no metrics server whose values can be changed.
var ErrNoServer = errors.New("no metrics server of aggtest's runs there: start one with aggtest up -f FILE, where FILE gives a server with fixture: metrics")

// Server is a metrics server with its rules and the changes that are on them.
type Server struct {
	// Namespace and Name of the server.
	Namespace, Name string
	// Rules of the server in order.
	Rules []Rule
	// Changes are on the rules of those names, as YAML.
	Changes map[string]string
}

// Find lists the metrics servers of a cluster by namespace and name. None is
// [ErrNoServer].
func Find(ctx context.Context, client kubernetes.Interface) ([]Server, error) {
	list, err := client.CoreV1().ConfigMaps(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: ServerLabel})
	if err != nil {
		return nil, fmt.Errorf("look for metrics servers: %w", err)
	}
	var servers []Server
	for _, found := range list.Items {
		s := Server{Namespace: found.Namespace, Name: found.Labels[ServerLabel], Changes: found.Data}
		if err := json.Unmarshal([]byte(found.Annotations[rulesAnnotation]), &s.Rules); err != nil {
			return nil, fmt.Errorf("read the rules in the annotation %s of ConfigMap %s/%s: %w", rulesAnnotation, found.Namespace, found.Name, err)
		}
		servers = append(servers, s)
	}
	if len(servers) == 0 {
		return nil, ErrNoServer
	}
	return servers, nil
}

// Check says why a change cannot be one of the rule, or nil.
func (r Rule) Check(change metrics.Change) error {
	usage := change.CPU != nil || change.Memory != nil
	switch {
	case r.Kind == Usage && change.Value != nil:
		return fmt.Errorf("rule %s is about usage: give its cpu or its memory", r.Name)
	case r.Kind == Metric && usage:
		return fmt.Errorf("rule %s is about a metric: give its value", r.Name)
	case !usage && change.Value == nil:
		return fmt.Errorf("nothing is said of rule %s", r.Name)
	}
	return nil
}

// Set gives a rule of the server other values, in place of an earlier change of
// it. The server takes them up when its watch tells, some milliseconds later.
func (s Server) Set(ctx context.Context, client kubernetes.Interface, rule Rule, change metrics.Change) error {
	if err := rule.Check(change); err != nil {
		return err
	}
	text, err := yaml.Marshal(change)
	if err != nil {
		return fmt.Errorf("write the values of rule %s: %w", rule.Name, err)
	}
	return s.patch(ctx, client, rule.Name, string(text))
}

// Unset takes the change of a rule back. Without one it does nothing.
func (s Server) Unset(ctx context.Context, client kubernetes.Interface, rule Rule) error {
	return s.patch(ctx, client, rule.Name, nil)
}

// patch sets one key of the server's ConfigMap, or removes it when value is nil.
func (s Server) patch(ctx context.Context, client kubernetes.Interface, key string, value any) error {
	data, err := json.Marshal(map[string]any{"data": map[string]any{key: value}})
	if err != nil {
		return err
	}
	name := s.Name + suffix
	if _, err := client.CoreV1().ConfigMaps(s.Namespace).Patch(ctx, name, types.MergePatchType, data, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("change ConfigMap %s/%s: %w", s.Namespace, name, err)
	}
	return nil
}

// Choose gives the one rule that is meant by server/rule, or by the rule's name
// alone where only one server has it.
func Choose(servers []Server, rule string) (Server, Rule, error) {
	wanted, name, qualified := strings.Cut(rule, "/")
	if !qualified {
		wanted, name = "", rule
	}
	var known, owners []string
	var server Server
	var found Rule
	for _, s := range servers {
		for _, r := range s.Rules {
			known = append(known, r.Name)
			if r.Name == name && (wanted == "" || wanted == s.Name) {
				owners = append(owners, s.Name+"/"+r.Name)
				server, found = s, r
			}
		}
	}
	switch len(owners) {
	case 0:
		slices.Sort(known)
		return Server{}, Rule{}, fmt.Errorf("there is no rule %q%s (there are %s)", rule, spelling.DidYouMean(name, known), strings.Join(slices.Compact(known), ", "))
	case 1:
		return server, found, nil
	}
	return Server{}, Rule{}, fmt.Errorf("several servers have a rule %q: write one of %s", rule, strings.Join(owners, ", "))
}
