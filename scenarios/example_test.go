// SPDX-License-Identifier: Apache-2.0

package scenarios_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/aggtest/aggtest/scenarios"
	"github.com/aggtest/aggtest/scenarios/report"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// progress prints a line for each scenario.
type progress struct{ scenarios.NopObserver }

func (progress) Finished(s report.Scenario) {
	fmt.Println(s.FullName(), s.Result, time.Duration(s.Seconds))
	if s.Result == report.Failed {
		fmt.Println(s.Text())
	}
}

// Runs every scenario of a folder, and writes a report also when something went
// wrong.
func ExampleRun() {
	cases, err := v1alpha1.Load("testdata/outages")
	if err != nil {
		log.Fatal(err)
	}
	result, err := scenarios.Run(context.Background(), cases, scenarios.Options{Observer: progress{}})
	if err != nil {
		log.Print(err)
	}
	if err := result.WriteJUnit(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

const expired = `
apiVersion: aggtest.dev/v1alpha1
kind: Scenario
metadata: {name: expired, labels: {family: tls}}
spec:
  description: The certificate runs out while connections are open.
  given:
    servers:
    - name: my-api-server
      serves: [{group: custom.example.com, version: v1, kind: MyResource, resource: myresources}]
    apiServices:
    - {server: my-api-server, group: custom.example.com, version: v1}
  steps:
  - name: the certificate runs out
    do:
    - certificate: {server: my-api-server, fault: Expired}
    - cut: {server: my-api-server}
    - touch: {server: my-api-server}
    expect:
    - apiService: v1.custom.example.com
      that: condition.message.contains('certificate has expired')
      within: 10s
`

// Says what a scenario would be without its faults: each of these must fail.
func ExampleWithoutEachFault() {
	cases, err := v1alpha1.Parse("expired.yaml", []byte(expired))
	if err != nil {
		log.Fatal(err)
	}
	for _, variant := range scenarios.WithoutEachFault(cases[0]) {
		fmt.Println(variant.Without)
		fmt.Println(len(cases[0].Spec.Steps[0].Do), "actions, without it", len(variant.Case.Spec.Steps[0].Do))
	}
	// Output:
	// spec.steps[0].do[0]: certificate Expired for server my-api-server
	// 3 actions, without it 2
}
