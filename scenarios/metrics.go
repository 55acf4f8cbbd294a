// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aggtest/aggtest/fixtures/metrics"
	"github.com/aggtest/aggtest/fixtures/scripted"
	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
	"github.com/aggtest/aggtest/scenarios/values"
)

// metricsReplica is a metrics server behind the layer that can answer otherwise.
type metricsReplica struct {
	*scripted.Layer
	values *metrics.Server
}

// metricsHandler makes the replicas of a metrics server. They count from the same
// moment, so that they agree about values that change with time.
func metricsHandler(given v1alpha1.Server, answers []scripted.Answer) (func(context.Context, harness.Environment) (http.Handler, error), error) {
	rules, err := valuesOf(given)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	return func(ctx context.Context, env harness.Environment) (http.Handler, error) {
		honest, err := metrics.Start(ctx, metrics.Config{
			Name: env.Server, Kubeconfig: env.Kubeconfig, APIs: apisOf(given.APIs), Values: rules, Start: start,
			ValuesFrom: values.Reference(given.Namespace, given.Name), Log: env.Log,
		})
		if err != nil {
			return nil, err
		}
		layer, err := layered(honest, answers)
		if err != nil {
			return nil, err
		}
		return &metricsReplica{Layer: layer, values: honest}, nil
	}, nil
}

func valuesOf(given v1alpha1.Server) (metrics.Values, error) {
	var rules metrics.Values
	if given.Metrics == nil {
		return rules, nil
	}
	if err := sameWords(given.Metrics, &rules); err != nil {
		return rules, fmt.Errorf("values: %w", err)
	}
	return rules, nil
}

// offerValues makes the ConfigMap by which the values of a metrics server can be
// changed from outside.
func (w *world) offerValues(ctx context.Context, given v1alpha1.Server) error {
	rules, err := valuesOf(given)
	if err != nil {
		return err
	}
	offered, err := values.ConfigMap(given.Namespace, given.Name, rules)
	if err != nil {
		return err
	}
	var object v1alpha1.Object
	if err := sameWords(offered, &object); err != nil {
		return err
	}
	return w.apply(ctx, object)
}

func apisOf(given []v1alpha1.MetricsAPI) []metrics.API {
	var apis []metrics.API
	for _, api := range given {
		apis = append(apis, metrics.API(api))
	}
	return apis
}

// sameWords turns a part of a scenario into the fixture's type for it, whose
// fields are spelled the same.
func sameWords(from, to any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, to)
}

// setValues changes what a rule of each replica gives.
func (s *server) setValues(w *world, a *v1alpha1.SetAction) error {
	var change metrics.Change
	if err := sameWords(a, &change); err != nil {
		return err
	}
	for _, handler := range s.harness.Handlers() {
		replica, ok := handler.(*metricsReplica)
		if !ok {
			return fmt.Errorf("server %s has no values: only one of the metrics fixture does", s.given.Name)
		}
		if err := replica.values.Set(a.Name, change); err != nil {
			return err
		}
		w.undo.push("values of "+s.given.Name, func(context.Context) error {
			replica.values.Unset(a.Name)
			return nil
		})
	}
	return nil
}

// describeValues says what is set in a few words.
func describeValues(a *v1alpha1.SetAction) string {
	var parts []string
	for _, one := range []struct {
		name string
		set  *v1alpha1.Series
	}{{"cpu", a.CPU}, {"memory", a.Memory}, {"value", a.Value}} {
		if one.set != nil {
			parts = append(parts, one.name+" "+inline(one.set))
		}
	}
	return strings.Join(parts, ", ")
}
