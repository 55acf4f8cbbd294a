// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"fmt"
	"net/http"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/aggtest/aggtest/harness"
)

// A server of one's own behind the aggregator, and what kubectl then says of it.
func Example() {
	ctx := context.Background()
	cluster, err := harness.New(ctx, harness.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() {
		if err := cluster.Close(); err != nil {
			fmt.Println(err)
		}
	}()

	mine := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"mine.example.com/v1","resources":[]}`)
	})
	server, err := cluster.Install(ctx, harness.ServerConfig{Name: "mine", Handler: harness.Handler(mine)})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := cluster.Register(ctx, harness.APIService{Group: "mine.example.com", Version: "v1", Server: server}); err != nil {
		fmt.Println(err)
		return
	}
	if err := cluster.WaitServes(ctx, schema.GroupVersion{Group: "mine.example.com", Version: "v1"}); err != nil {
		fmt.Println(err)
		return
	}
	result, err := cluster.Kubectl(ctx, harness.KubectlRun{Args: []string{
		"get", "apiservice", "v1.mine.example.com",
		"-o", "jsonpath={.metadata.name} {.status.conditions[0].type}={.status.conditions[0].status}",
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Stdout)
	// Output: v1.mine.example.com Available=True
}
