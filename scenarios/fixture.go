// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/aggtest/aggtest/fixtures"
	"github.com/aggtest/aggtest/fixtures/extension"
	"github.com/aggtest/aggtest/fixtures/metrics"
	"github.com/aggtest/aggtest/fixtures/scripted"
	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// handlerOf makes the handlers of a given server, one for each replica.
func handlerOf(given v1alpha1.Server) (func(context.Context, harness.Environment) (http.Handler, error), error) {
	resources, err := resourcesOf(given.Serves)
	if err != nil {
		return nil, err
	}
	legacy := given.Discovery == v1alpha1.DiscoveryLegacy
	answers := make([]scripted.Answer, len(given.Answers))
	for i, answer := range given.Answers {
		answers[i] = scriptedAnswer(answer)
	}
	switch given.Fixture {
	case v1alpha1.FixtureScripted:
		return func(context.Context, harness.Environment) (http.Handler, error) {
			return scripted.New(scripted.Config{
				Resources: resources, LegacyDiscoveryOnly: legacy, Watch: given.Watch,
				Lies: liesOf(given.Lies), Answers: answers,
			})
		}, nil
	case v1alpha1.FixtureMetrics:
		return metricsHandler(given, answers)
	case v1alpha1.FixtureExtension, "":
		// What an earlier server of the name stored must not be found again.
		prefix := "/aggtest.dev/" + given.Name + "/" + string(uuid.NewUUID())
		return func(ctx context.Context, env harness.Environment) (http.Handler, error) {
			honest, err := extension.Start(ctx, extension.Config{
				Name: env.Server, Resources: resources, LegacyDiscovery: legacy,
				Kubeconfig: env.Kubeconfig, EtcdServers: env.EtcdServers, EtcdPrefix: prefix, Log: env.Log,
			})
			if err != nil {
				return nil, err
			}
			return layered(honest, answers)
		}, nil
	}
	return nil, fmt.Errorf("there is no fixture %q", given.Fixture)
}

// layered puts answers in front of a server, which is ended when that fails.
func layered(honest interface {
	http.Handler
	io.Closer
}, answers []scripted.Answer) (*scripted.Layer, error) {
	layer, err := scripted.NewLayer(honest, answers...)
	if err != nil {
		return nil, errors.Join(err, honest.Close())
	}
	return layer, nil
}

// rulesOf are the cluster-wide rights of the server's own identity.
func rulesOf(given v1alpha1.Server) []rbacv1.PolicyRule {
	switch given.Fixture {
	case v1alpha1.FixtureScripted:
		return nil
	case v1alpha1.FixtureMetrics:
		return metrics.RequiredRules()
	}
	return extension.RequiredRules()
}

func resourcesOf(given []v1alpha1.Resource) ([]fixtures.Resource, error) {
	resources := make([]fixtures.Resource, len(given))
	for i, r := range given {
		resources[i] = fixtures.Resource{
			Group: r.Group, Version: r.Version, Kind: r.Kind, Name: r.Resource,
			Singular: r.Singular, ShortNames: r.ShortNames, ClusterScoped: r.ClusterScoped,
		}
		if len(r.Schema) == 0 {
			continue
		}
		data, err := json.Marshal(r.Schema)
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", r.Resource, err)
		}
		resources[i].Schema = &apiextensionsv1.JSONSchemaProps{}
		if err := json.Unmarshal(data, resources[i].Schema); err != nil {
			return nil, fmt.Errorf("schema of %s: %w", r.Resource, err)
		}
	}
	return resources, nil
}

func scriptedAnswer(given v1alpha1.Answer) scripted.Answer {
	return scripted.Answer{
		Path: given.Path, Methods: given.Methods, Accept: given.Accept, Users: given.Users, Groups: given.Groups,
		Skip: given.Skip, Times: given.Times, Lasts: time.Duration(given.Lasts),
		Honest: given.Honest, Status: given.Status, Headers: given.Headers, ContentType: given.ContentType, Body: given.Body,
		Delay: time.Duration(given.Delay), StallAfter: given.StallAfter, TruncateAfter: given.TruncateAfter,
		Endless: given.Endless, GoAway: given.GoAway, DropAfter: time.Duration(given.DropAfter),
		NoBookmarks: given.NoBookmarks, Echo: given.Echo,
	}
}

func liesOf(given []v1alpha1.DiscoveryLie) []scripted.Lie {
	lies := make([]scripted.Lie, len(given))
	for i, lie := range given {
		lies[i] = scripted.Lie(lie)
	}
	return lies
}
