// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// pollEvery is how often a wait looks again where no watch can tell it: a
	// proxied request takes about a millisecond, and a person does not notice a
	// twentieth of a second.
	pollEvery = 50 * time.Millisecond
	// bodyShown bounds how much of an answer an error repeats: enough for a
	// Status message, and no more than a screen's line or two.
	bodyShown = 300
)

// answer is what a kube-apiserver said to a request.
type answer struct {
	code int
	body string
	err  error
}

func (a answer) String() string {
	if a.err != nil {
		return a.err.Error()
	}
	body := strings.TrimSpace(a.body)
	if len(body) > bodyShown {
		body = body[:bodyShown] + "..."
	}
	return fmt.Sprintf("%d %s", a.code, body)
}

// ask sends a GET as the administrator to one kube-apiserver.
func (c *Cluster) ask(ctx context.Context, apiServer int, path string) answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.apiServers[apiServer].URL+path, nil)
	if err != nil {
		return answer{err: err}
	}
	request.Header.Set("Accept", "application/json")
	response, err := c.clients[apiServer].Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return answer{code: response.StatusCode, body: string(body), err: err}
}

// everyAPIServer waits until look is true of every kube-apiserver. A look that
// was true of one is not repeated.
func (c *Cluster) everyAPIServer(ctx context.Context, what string, look func(context.Context, APIServer) (bool, string)) error {
	for _, server := range c.apiServers {
		if err := waitFor(ctx, c.Changed, func(ctx context.Context) (bool, string) { return look(ctx, server) }); err != nil {
			return fmt.Errorf("wait for %s through %s: %w", what, server.Name, err)
		}
	}
	return nil
}

// waitFor looks until look is true, at each change and at least every
// pollEvery. Its error says what was seen last and since when.
func waitFor(ctx context.Context, changed func() <-chan struct{}, look func(context.Context) (bool, string)) error {
	began := time.Now()
	var last string
	since := began
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		change := changed()
		done, state := look(ctx)
		if done {
			return nil
		}
		// A look that the context cut short says nothing of the server.
		if ctx.Err() == nil || last == "" {
			if state != last {
				last, since = state, time.Now()
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w after %s; for the last %s: %s", causeOf(ctx),
				time.Since(began).Round(time.Millisecond), time.Since(since).Round(time.Millisecond), last)
		case <-change:
		case <-ticker.C:
		}
	}
}

func causeOf(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.DeadlineExceeded) {
		return fmt.Errorf("time ran out: %w", cause)
	}
	return cause
}
