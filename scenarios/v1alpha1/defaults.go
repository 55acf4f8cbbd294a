// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"strings"
	"time"
)

// defaultTimeout is enough for the longest natural wait of the aggregator, its
// availability back-off of 30 s and its discovery of 60 s, more than once.
const defaultTimeout = Duration(3 * time.Minute)

const (
	// defaultTrafficEvery is ten requests a second: enough to see an outage of some
	// hundred milliseconds, and nothing that a control plane feels.
	defaultTrafficEvery = Duration(100 * time.Millisecond)
	// defaultTrafficTimeout is longer than the five seconds that the aggregator
	// gives a server for discovery, and short enough to see an outage as one.
	defaultTrafficTimeout = Duration(10 * time.Second)
)

// SetDefaults fills what a scenario leaves empty, as the comments of the fields
// say. Load has done so for what it gives.
func SetDefaults(s *Scenario) {
	s.Spec.Timeout = cmp.Or(s.Spec.Timeout, defaultTimeout)
	given := &s.Spec.Given
	if given.ControlPlane != nil {
		given.ControlPlane.APIServers = cmp.Or(given.ControlPlane.APIServers, 1)
	}
	for i := range given.Servers {
		setServerDefaults(&given.Servers[i])
	}
	for i := range given.APIServices {
		setAPIServiceDefaults(s, &given.APIServices[i])
	}
	for i := range s.Spec.Steps {
		for j := range s.Spec.Steps[i].Do {
			action := &s.Spec.Steps[i].Do[j]
			if action.Register != nil {
				setAPIServiceDefaults(s, action.Register)
			}
			if action.Answer != nil {
				setAnswerDefaults(&action.Answer.Answer)
			}
			if action.Traffic != nil {
				action.Traffic.Every = cmp.Or(action.Traffic.Every, defaultTrafficEvery)
				action.Traffic.Timeout = cmp.Or(action.Traffic.Timeout, defaultTrafficTimeout)
			}
		}
	}
}

func setServerDefaults(server *Server) {
	server.Fixture = cmp.Or(server.Fixture, FixtureExtension)
	server.Namespace = cmp.Or(server.Namespace, "custom-system")
	server.Service = cmp.Or(server.Service, server.Name)
	server.Port = cmp.Or(server.Port, 443)
	server.Replicas = cmp.Or(server.Replicas, 1)
	server.Discovery = cmp.Or(server.Discovery, DiscoveryAggregated)
	server.Certificate = cmp.Or(server.Certificate, CertificateGood)
	for i := range server.Serves {
		server.Serves[i].Singular = cmp.Or(server.Serves[i].Singular, strings.ToLower(server.Serves[i].Kind))
	}
	for i := range server.Answers {
		setAnswerDefaults(&server.Answers[i])
	}
}

func setAnswerDefaults(answer *Answer) {
	if answer.Honest || answer.Echo {
		return
	}
	answer.Status = cmp.Or(answer.Status, 200)
	answer.ContentType = cmp.Or(answer.ContentType, "application/json")
}

func setAPIServiceDefaults(s *Scenario, apiService *APIService) {
	apiService.GroupPriorityMinimum = cmp.Or(apiService.GroupPriorityMinimum, 1000)
	apiService.VersionPriority = cmp.Or(apiService.VersionPriority, 15)
	if apiService.InsecureSkipTLSVerify {
		apiService.CABundle = cmp.Or(apiService.CABundle, CABundleNone)
	}
	apiService.CABundle = cmp.Or(apiService.CABundle, CABundleServer)
	if server := s.Server(apiService.Server); server != nil {
		apiService.Port = cmp.Or(apiService.Port, server.Port)
	}
}

// documentedDefaults are the values that SetDefaults gives to fields whatever
// the others say, as explain and the schema show them. A test holds them
// together with SetDefaults.
var documentedDefaults = map[string]any{
	"Spec.timeout":                    "3m",
	"ControlPlane.apiServers":         1,
	"Server.fixture":                  "extension",
	"Server.namespace":                "custom-system",
	"Server.port":                     443,
	"Server.replicas":                 1,
	"Server.discovery":                "Aggregated",
	"Server.certificate":              "None",
	"Answer.status":                   200,
	"Answer.contentType":              "application/json",
	"Traffic.every":                   "100ms",
	"Traffic.timeout":                 "10s",
	"APIService.groupPriorityMinimum": 1000,
	"APIService.versionPriority":      15,
}
