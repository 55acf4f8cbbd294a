// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/aggtest/aggtest/fixtures"
	"github.com/aggtest/aggtest/fixtures/extension"
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
	switch given.Fixture {
	case v1alpha1.FixtureScripted:
		answers := make([]scripted.Answer, len(given.Answers))
		for i, answer := range given.Answers {
			answers[i] = scriptedAnswer(answer)
		}
		return func(context.Context, harness.Environment) (http.Handler, error) {
			return scripted.New(scripted.Config{Resources: resources, LegacyDiscoveryOnly: legacy, Answers: answers})
		}, nil
	case v1alpha1.FixtureExtension, "":
		// What an earlier server of the name stored must not be found again.
		prefix := "/aggtest.dev/" + given.Name + "/" + string(uuid.NewUUID())
		return func(ctx context.Context, env harness.Environment) (http.Handler, error) {
			return extension.Start(ctx, extension.Config{
				Name: env.Server, Resources: resources, LegacyDiscovery: legacy,
				Kubeconfig: env.Kubeconfig, EtcdServers: env.EtcdServers, EtcdPrefix: prefix, Log: env.Log,
			})
		}, nil
	}
	return nil, fmt.Errorf("there is no fixture %q", given.Fixture)
}

// rulesOf are the cluster-wide rights of the server's own identity.
func rulesOf(given v1alpha1.Server) []rbacv1.PolicyRule {
	if given.Fixture == v1alpha1.FixtureScripted {
		return nil
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
		Path: given.Path, Methods: given.Methods, Accept: given.Accept,
		Status: given.Status, Headers: given.Headers, ContentType: given.ContentType, Body: given.Body,
	}
}
