// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"strings"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aggtest/aggtest/scenarios/internal/expression"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// acceptAggregated asks for the one document of all groups, as clients do
// (k8s.io/client-go@v0.37.2/discovery/discovery_client.go:65), and for nothing
// else, so that no other form can be taken for it.
const acceptAggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// seeDiscovery reads /apis of every kube-apiserver.
func (w *world) seeDiscovery(ctx context.Context, form v1alpha1.Discovery, apiServer *int, t test) sight {
	clients, err := w.clientsOf(&v1alpha1.Request{Get: "/apis", APIServer: apiServer})
	if err != nil {
		return never(err.Error())
	}
	read := (*client).aggregatedDiscovery
	if form == v1alpha1.DiscoveryLegacy {
		read = (*client).legacyDiscovery
	}
	for _, client := range clients {
		document, err := read(client, ctx)
		if err != nil {
			return sightOfError(err).via(client.apiServer)
		}
		if now := t.judge(ctx, document, nil); !now.held {
			now.state = fmt.Sprintf("%s; %s", count(len(document.Groups), "group"), now.state)
			return now.via(client.apiServer)
		}
	}
	return holds()
}

func (c *client) aggregatedDiscovery(ctx context.Context) (expression.DiscoveryDocument, error) {
	var list apidiscoveryv2.APIGroupDiscoveryList
	answer, err := c.get(ctx, "/apis", acceptAggregated, &list)
	if err != nil {
		return expression.DiscoveryDocument{}, err
	}
	if got := answer.header.Get("Content-Type"); !strings.Contains(got, "as=APIGroupDiscoveryList") {
		return expression.DiscoveryDocument{}, fmt.Errorf("GET /apis: the answer is %s, not the aggregated document", got)
	}
	var document expression.DiscoveryDocument
	for _, item := range list.Items {
		group := expression.DiscoveryGroup{Name: item.Name}
		for _, v := range item.Versions {
			version := expression.DiscoveryVersion{Version: v.Version, Freshness: string(v.Freshness)}
			for _, resource := range v.Resources {
				version.Resources = append(version.Resources, resource.Resource)
			}
			group.Versions = append(group.Versions, version)
		}
		// The first version is the preferred one: the document has no field for it.
		if len(group.Versions) > 0 {
			group.PreferredVersion = group.Versions[0].Version
		}
		document.Groups = append(document.Groups, group)
	}
	return document, nil
}

// legacyDiscovery reads the list of groups. The resources of a version are in
// documents of their own, which a request can ask for.
func (c *client) legacyDiscovery(ctx context.Context) (expression.DiscoveryDocument, error) {
	var list metav1.APIGroupList
	if _, err := c.get(ctx, "/apis", "application/json", &list); err != nil {
		return expression.DiscoveryDocument{}, err
	}
	var document expression.DiscoveryDocument
	for _, item := range list.Groups {
		group := expression.DiscoveryGroup{Name: item.Name, PreferredVersion: item.PreferredVersion.Version}
		for _, v := range item.Versions {
			group.Versions = append(group.Versions, expression.DiscoveryVersion{Version: v.Version})
		}
		document.Groups = append(document.Groups, group)
	}
	return document, nil
}
