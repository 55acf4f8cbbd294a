// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func TestWithoutEachFault(t *testing.T) {
	c := named("faulty", func(c *v1alpha1.Case) {
		c.Spec.Given = v1alpha1.Given{
			ControlPlane: &v1alpha1.ControlPlane{FrontProxy: &v1alpha1.FrontProxy{SharedCA: true}},
			Servers: []v1alpha1.Server{
				{Name: "good", Port: 443, Replicas: 2, Certificate: v1alpha1.CertificateGood},
				{Name: "bad", Port: 443, Certificate: v1alpha1.CertificateExpired, TLS: &v1alpha1.TLS{MaxVersion: v1alpha1.TLS12}, Lies: []v1alpha1.DiscoveryLie{v1alpha1.LieEmptyList}, Answers: []v1alpha1.Answer{{Path: "/apis"}, {Path: "/openapi/*"}}},
			},
			APIServices: []v1alpha1.APIService{
				{Server: "good", CABundle: v1alpha1.CABundleServer, Port: 443},
				{Server: "good", CABundle: v1alpha1.CABundleOther, Port: 8443},
				{Server: "good", CABundle: v1alpha1.CABundleNone, InsecureSkipTLSVerify: true},
			},
		}
		c.Spec.Steps = []v1alpha1.Step{
			{Name: "healthy", Do: []v1alpha1.Action{{Touch: &v1alpha1.Touch{Server: "good"}}}},
			{Name: "broken", Do: []v1alpha1.Action{
				{Certificate: &v1alpha1.CertificateAction{Server: "good", Fault: v1alpha1.CertificateWrongName}},
				{Cut: &v1alpha1.ServerReference{Server: "good"}},
				{Refuse: &v1alpha1.ServerReference{Server: "good"}},
				{Endpoints: &v1alpha1.EndpointsAction{Server: "good", Ready: 0}},
				{Delete: &v1alpha1.ObjectReference{Kind: "Service", Namespace: "n", Name: "s"}},
				{Answer: &v1alpha1.AnswerAction{Server: "bad", Answer: v1alpha1.Answer{Path: "/apis", Status: 503}}},
				{Patch: &v1alpha1.Patch{Kind: "APIService", Name: "a", Merge: map[string]any{"spec": map[string]any{"versionPriority": 1}}}},
				{Register: &v1alpha1.APIService{Server: "good", CABundle: v1alpha1.CABundleNone}},
				{Apply: object("v1", "ConfigMap", "n", "c")},
				{Kubectl: &v1alpha1.Kubectl{Args: "version"}},
				{Request: &v1alpha1.Request{Get: "/readyz"}},
			}},
			{Name: "broken in other ways", Do: []v1alpha1.Action{
				{Link: &v1alpha1.LinkAction{Server: "good", Fault: v1alpha1.LinkFreeze}},
				{Link: &v1alpha1.LinkAction{Server: "good", Fault: v1alpha1.LinkCut}},
				{Discovery: &v1alpha1.DiscoveryAction{Server: "bad", Lies: []v1alpha1.DiscoveryLie{v1alpha1.LieNullVerbs}}},
				{Discovery: &v1alpha1.DiscoveryAction{Server: "bad"}},
				{TLS: &v1alpha1.TLSAction{Server: "good", TLS: v1alpha1.TLS{MaxVersion: v1alpha1.TLS11}}},
				{Rotate: &v1alpha1.RotateAction{Server: "good", Reload: true}},
				{CABundle: &v1alpha1.CABundleAction{Server: "good", APIService: "a", CABundle: v1alpha1.CABundleNotPEM}},
				{CABundle: &v1alpha1.CABundleAction{Server: "good", APIService: "a", CABundle: v1alpha1.CABundleServer}},
				{FrontProxy: &v1alpha1.FrontProxyAction{Fault: v1alpha1.CertificateExpired}},
				{FrontProxy: &v1alpha1.FrontProxyAction{Fault: v1alpha1.CertificateGood}},
				{Pause: &v1alpha1.ProcessReference{}},
				{Resume: &v1alpha1.ProcessReference{}},
				{Stop: &v1alpha1.ProcessReference{}},
				{Start: &v1alpha1.ProcessReference{}},
				{Restart: &v1alpha1.ProcessReference{}},
				{Traffic: &v1alpha1.Traffic{Name: "reads"}},
				{Set: &v1alpha1.SetAction{Server: "good", Name: "queue", Value: &v1alpha1.Series{Missing: true}}},
				{Stop: &v1alpha1.ProcessReference{ControllerManager: true}},
			}},
			{Name: "mended", Do: []v1alpha1.Action{
				{Certificate: &v1alpha1.CertificateAction{Server: "good", Fault: v1alpha1.CertificateGood}},
				{Endpoints: &v1alpha1.EndpointsAction{Server: "good", Ready: 2}},
				{Mend: &v1alpha1.ServerReference{Server: "good"}},
			}},
		}
	})
	before := asJSON(t, c)
	want := []string{
		"spec.given.controlPlane.frontProxy",
		"spec.given.servers[1]: certificate Expired",
		"spec.given.servers[1]: tls",
		"spec.given.servers[1]: lies EmptyList",
		"spec.given.servers[1]: the answer to /apis",
		"spec.given.servers[1]: the answer to /openapi/*",
		"spec.given.apiServices[1]: caBundle Other",
		"spec.given.apiServices[1]: port 8443",
		"spec.steps[1].do[0]: certificate WrongName for server good",
		"spec.steps[1].do[2]: refuse connections to server good",
		"spec.steps[1].do[3]: make 0 replicas of server good ready",
		"spec.steps[1].do[4]: delete Service n/s",
		"spec.steps[1].do[5]: server bad answers 503 to /apis",
		`spec.steps[1].do[6]: patch APIService a: {"spec":{"versionPriority":1}}`,
		"spec.steps[1].do[7]: caBundle None",
		"spec.steps[2].do[0]: link Freeze from every kube-apiserver to server good",
		"spec.steps[2].do[2]: the discovery of server bad lies: NullVerbs",
		`spec.steps[2].do[4]: TLS of server good: {"maxVersion":"TLS11"}`,
		"spec.steps[2].do[5]: a new authority for server good, and certificates of it",
		"spec.steps[2].do[6]: caBundle NotPEM for APIService a",
		"spec.steps[2].do[8]: front proxy certificate Expired",
		"spec.steps[2].do[10]: pause kube-apiserver-0",
		"spec.steps[2].do[12]: stop kube-apiserver-0",
		`spec.steps[2].do[16]: server good: queue is value {"missing":true}`,
		"spec.steps[2].do[17]: stop kube-controller-manager",
	}
	variants := WithoutEachFault(c)
	var got []string
	for _, variant := range variants {
		got = append(got, variant.Without)
		if asJSON(t, variant.Case) == before {
			t.Errorf("%s: the variant is like the scenario", variant.Without)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("faults\n%q\nwant\n%q", got, want)
	}
	if asJSON(t, c) != before {
		t.Error("the scenario itself was changed")
	}
	seen := map[string]string{}
	for _, variant := range variants {
		text := asJSON(t, variant.Case)
		if twin, known := seen[text]; known {
			t.Errorf("%s is the same as %s", variant.Without, twin)
		}
		seen[text] = variant.Without
	}
}

func asJSON(t *testing.T, c *v1alpha1.Case) string {
	t.Helper()
	data, err := json.Marshal(c.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
