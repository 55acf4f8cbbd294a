// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// answerLimit bounds what is read of one answer: more than the discovery
// document of a thousand groups, and too little to fill the memory.
const answerLimit = 32 << 20

// connection holds the clients of one control plane, for all the scenarios that
// run on it.
type connection struct {
	cluster *harness.Cluster
	// dynamic is the administrator's, through the first kube-apiserver.
	dynamic dynamic.Interface

	mu      sync.Mutex
	clients map[string]*client
}

// client asks one kube-apiserver as one user.
type client struct {
	apiServer string
	base      string
	http      *http.Client
	// config is what the client was made of. Nil for one that asks a server.
	config *rest.Config
}

// reply is what a kube-apiserver answered.
type reply struct {
	code   int
	header http.Header
	body   []byte
}

func connect(cluster *harness.Cluster) (*connection, error) {
	c := &connection{cluster: cluster, clients: map[string]*client{}}
	config, err := configFor(cluster, 0, v1alpha1.User{})
	if err != nil {
		return nil, err
	}
	administrator, err := c.as(0, v1alpha1.User{})
	if err != nil {
		return nil, err
	}
	if c.dynamic, err = dynamic.NewForConfigAndClient(config, administrator.http); err != nil {
		return nil, fmt.Errorf("make a client for objects: %w", err)
	}
	return c, nil
}

func configFor(cluster *harness.Cluster, apiServer int, user v1alpha1.User) (*rest.Config, error) {
	config, err := cluster.RESTConfigAs(apiServer, user.Name, user.Groups...)
	if err != nil {
		return nil, fmt.Errorf("make a client of kube-apiserver %d: %w", apiServer, err)
	}
	// The kube-apiserver limits its clients by itself, and a limit of ours would
	// be part of what is measured.
	config.QPS = -1
	// Warnings would go to the process's stderr.
	config.WarningHandlerWithContext = rest.NoWarnings{}
	return config, nil
}

// close ends the connections that are open and idle.
func (c *connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range c.clients {
		utilnet.CloseIdleConnectionsFor(client.http.Transport)
	}
}

// as gives the client of a user through one kube-apiserver, counted from 0. The
// zero user is the administrator.
func (c *connection) as(apiServer int, user v1alpha1.User) (*client, error) {
	key := fmt.Sprint(apiServer, "\x00", user.Name, "\x00", strings.Join(slices.Sorted(slices.Values(user.Groups)), "\x00"))
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.clients[key]; ok {
		return known, nil
	}
	config, err := configFor(c.cluster, apiServer, user)
	if err != nil {
		return nil, err
	}
	transport, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("make a client of kube-apiserver %d: %w", apiServer, err)
	}
	// An aggregated server's redirect may lead to its ClusterIP, which is nothing
	// on the host's network: what is asked for is the answer itself.
	transport.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	made := &client{apiServer: c.cluster.APIServers()[apiServer].Name, base: config.Host, http: transport, config: config}
	c.clients[key] = made
	return made, nil
}

// send sends one request and reads the whole answer. An answer of any code is
// no error.
func (c *client) send(ctx context.Context, method, path string, header map[string]string, body []byte) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := c.http.Do(request)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	answer := reply{code: response.StatusCode, header: response.Header, body: data}
	if err != nil {
		return answer, fmt.Errorf("read the answer %d to %s %s: %w", answer.code, method, path, err)
	}
	return answer, nil
}

// get reads a JSON document. An answer that is not 200 is an error which
// [isOurs] understands.
func (c *client) get(ctx context.Context, path, accept string, into any) (reply, error) {
	answer, err := c.send(ctx, http.MethodGet, path, map[string]string{"Accept": accept}, nil)
	if err != nil {
		return answer, err
	}
	if answer.code != http.StatusOK {
		return answer, &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: int32(answer.code),
			Message: fmt.Sprintf("GET %s: %s", path, answer),
		}}
	}
	if err := json.Unmarshal(answer.body, into); err != nil {
		return answer, fmt.Errorf("GET %s: read the answer: %w", path, err)
	}
	return answer, nil
}

// resourceOf finds the resource of a kind. It asks for the one group version
// only, so that a group that is broken hides no other.
func (c *connection) resourceOf(ctx context.Context, gvk schema.GroupVersionKind) (resource string, namespaced bool, err error) {
	administrator, err := c.as(0, v1alpha1.User{})
	if err != nil {
		return "", false, err
	}
	path := "/apis/" + gvk.Group + "/" + gvk.Version
	if gvk.Group == "" {
		path = "/api/" + gvk.Version
	}
	var list metav1.APIResourceList
	if _, err := administrator.get(ctx, path, "application/json", &list); err != nil {
		return "", false, fmt.Errorf("look for kind %s of %s: %w", gvk.Kind, gvk.GroupVersion(), err)
	}
	for _, candidate := range list.APIResources {
		if candidate.Kind == gvk.Kind && !strings.Contains(candidate.Name, "/") {
			return candidate.Name, candidate.Namespaced, nil
		}
	}
	return "", false, &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound,
		Message: fmt.Sprintf("%s has no kind %s", gvk.GroupVersion(), gvk.Kind),
	}}
}

// shown bounds how much of a body a message repeats: a line or three.
const shown = 300

func (r reply) String() string {
	return fmt.Sprintf("%d %s", r.code, shorten(strings.TrimSpace(string(r.body))))
}

// shorten cuts a long text, for a message.
func shorten(text string) string {
	if runes := []rune(text); len(runes) > shown {
		return string(runes[:shown]) + "..."
	}
	return text
}
