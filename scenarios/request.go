// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/scenarios/internal/expression"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// ask sends the request of a scenario through one client.
func (c *client) ask(ctx context.Context, r *v1alpha1.Request) (response expression.Response) {
	if r.Timeout > 0 {
		limit := time.Duration(r.Timeout)
		bounded, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %s", limit))
		defer cancel()
		ctx = bounded
	}
	began := time.Now()
	defer func() { response.Took = time.Since(began) }()
	if r.Upgrade != "" {
		return c.upgrade(ctx, r)
	}
	method, path := r.Method()
	header := map[string]string{"Accept": "application/json"}
	var body []byte
	if r.Body != nil {
		data, err := json.Marshal(r.Body)
		if err != nil {
			return expression.Response{APIServer: c.apiServer, Error: fmt.Sprintf("write the body as JSON: %v", err)}
		}
		body = data
		header["Content-Type"] = "application/json"
		if method == http.MethodPatch {
			header["Content-Type"] = string(types.MergePatchType)
		}
	}
	for name, value := range r.Headers {
		header[http.CanonicalHeaderKey(name)] = value
	}
	answer, err := c.send(ctx, method, path, header, body)
	return responseOf(c.apiServer, answer, err)
}

func responseOf(apiServer string, answer reply, err error) expression.Response {
	response := expression.Response{
		APIServer: apiServer, Code: answer.code, Body: string(answer.body),
		Headers: map[string]string{},
	}
	if err != nil {
		response.Error = err.Error()
	}
	for name, values := range answer.header {
		response.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	// A header that cannot be read is shown as it is in headers alone.
	if media, _, err := mime.ParseMediaType(answer.header.Get("Content-Type")); err == nil {
		response.ContentType = media
	}
	if json.Unmarshal(answer.body, &response.JSON) != nil {
		response.JSON = nil
	}
	return response
}

// sightOfResponse words an answer.
func sightOfResponse(r expression.Response) string {
	if r.Error != "" {
		return "no answer: " + shorten(r.Error)
	}
	return fmt.Sprintf("%d %s", r.Code, shorten(strings.TrimSpace(r.Body)))
}

// request is the action: every kube-apiserver that is asked must answer 2xx.
func (w *world) request(ctx context.Context, r *v1alpha1.Request) error {
	clients, err := w.clientsOf(r)
	if err != nil {
		return err
	}
	for _, client := range clients {
		response := client.ask(ctx, r)
		if response.Error != "" || response.Code < 200 || response.Code > 299 {
			return fmt.Errorf("%s answers %s, not 2xx", client.apiServer, sightOfResponse(response))
		}
	}
	return nil
}

// clientsOf gives the clients through which a request goes, in turn. What may
// change something goes through one only: a second POST of an object is another
// question than the first.
func (w *world) clientsOf(r *v1alpha1.Request) ([]*client, error) {
	if r.Server != "" {
		direct, err := w.directClient(r)
		return []*client{direct}, err
	}
	user, err := w.user(r.As)
	if err != nil {
		return nil, err
	}
	indexes, err := w.apiServers(r.APIServer)
	if err != nil {
		return nil, err
	}
	if method, _ := r.Method(); method != http.MethodGet {
		indexes = indexes[:1]
	}
	clients := make([]*client, len(indexes))
	for i, index := range indexes {
		if clients[i], err = w.as(index, user); err != nil {
			return nil, err
		}
	}
	return clients, nil
}

// runKubectl runs the real kubectl as the scenario says.
func (w *world) runKubectl(ctx context.Context, k *v1alpha1.Kubectl) (harness.KubectlResult, error) {
	args, err := v1alpha1.SplitArgs(k.Args)
	if err != nil {
		return harness.KubectlResult{}, fmt.Errorf("split the arguments of kubectl: %w", err)
	}
	user, err := w.user(k.As)
	if err != nil {
		return harness.KubectlResult{}, err
	}
	return w.cluster.Kubectl(ctx, harness.KubectlRun{Args: args, Input: k.Input, User: user.Name, Groups: user.Groups})
}

// kubectl is the action: it must exit with 0.
func (w *world) kubectl(ctx context.Context, k *v1alpha1.Kubectl) error {
	result, err := w.runKubectl(ctx, k)
	if err != nil {
		return err
	}
	if result.ExitCode != 0 {
		return fmt.Errorf("%s", sightOfKubectl(result))
	}
	return nil
}

func sightOfKubectl(r harness.KubectlResult) string {
	text := fmt.Sprintf("exit code %d", r.ExitCode)
	if out := strings.TrimSpace(r.Stdout); out != "" {
		text += "\nstdout: " + shorten(out)
	}
	if out := strings.TrimSpace(r.Stderr); out != "" {
		text += "\nstderr: " + shorten(out)
	}
	return text
}
