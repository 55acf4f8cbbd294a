// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func ExampleParse() {
	cases, err := v1alpha1.Parse("tls/certificate.yaml", []byte(`
apiVersion: aggtest.dev/v1alpha1
kind: Scenario
metadata: {name: serving-certificate}
spec:
  description: A bad serving certificate makes the APIService unavailable.
  matrix:
  - {name: expired, values: {fault: Expired}}
  - {name: wrong-name, values: {fault: WrongName}}
  given:
    servers:
    - name: custom-api
      certificate: ${matrix.fault}
      serves: [{group: custom.example.com, version: v1, kind: MyResource, resource: myresources}]
    apiServices:
    - {server: custom-api, group: custom.example.com, version: v1}
  steps:
  - name: the aggregator finds out
    expect:
    - apiService: v1.custom.example.com
      that: condition.reason == 'FailedDiscoveryCheck'
      within: 40s
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range cases {
		fmt.Println(c.FullName(), c.Spec.Given.Servers[0].Certificate, c.Position("spec.steps[0].expect[0].that"))
	}
	// Output:
	// tls/serving-certificate-expired Expired tls/certificate.yaml:21:13
	// tls/serving-certificate-wrong-name WrongName tls/certificate.yaml:21:13
}

func ExampleParse_mistakes() {
	_, err := v1alpha1.Parse("mine.yaml", []byte(`
apiVersion: aggtest.dev/v1alpha1
kind: Scenario
metadata: {name: mine}
spec:
  description: Three mistakes are found at once.
  given: {}
  steps:
  - name: it serves
    expects: []
    expect:
    - request: {get: /healthz}
      that: response.cod == 200
      within: 10
`))
	fmt.Println(err)
	// Output:
	// mine.yaml:10:5: spec.steps[0].expects: unknown field, did you mean "expect"? (known here: name, do, expect)
	// mine.yaml:13:22: spec.steps[0].expect[0].that: there is no field "cod", did you mean "code"?
	// mine.yaml:14:15: spec.steps[0].expect[0].within: found the number 10 where a duration is wanted: write a unit, such as 10s
}

func ExampleExplain() {
	text, err := v1alpha1.Explain("spec.given.apiServices.caBundle")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(text)
	// Output:
	// KIND:     Scenario
	// VERSION:  aggtest.dev/v1alpha1
	//
	// FIELD:    spec.given.apiServices.caBundle <CABundle>
	//
	// DESCRIPTION:
	//     caBundle is the authority that the aggregator is told to trust for the
	//     server. Server when empty, and None with insecureSkipTLSVerify.
	//
	// VALUES:
	//   Server
	//     Server is the authority that signs the server's good certificates.
	//   Other
	//     Other is an authority that signs nothing of the server's.
	//   None
	//     None leaves the field empty: the aggregator then trusts the system's roots.
	//   ServerAndOther
	//     ServerAndOther holds both authorities.
	//   Previous
	//     Previous is the server's authority before the last rotation.
	//   ServerAndPrevious
	//     ServerAndPrevious holds the server's authorities before and after the last
	//     rotation.
	//   NotPEM
	//     NotPEM is text that is no PEM, which Kubernetes does not refuse.
}
