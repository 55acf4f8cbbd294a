// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/aggtest/aggtest/scenarios/internal/expression"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// route is what background requests through one kube-apiserver came to.
type route struct {
	client *client
	began  time.Time

	mu sync.Mutex
	// ends are the requests that are over, in order.
	ends []ending
	last expression.Response
	// opened is when the watch that is open was. Zero when none is.
	opened time.Time
	events int
}

// ending is the end of one request.
type ending struct {
	at   time.Time
	good bool
	// code is the HTTP status, 0 when there was no answer.
	code int
}

// ask sends one request and notes what became of it. One that the end of the
// traffic cut short says nothing.
func (r *route) ask(ctx context.Context, given v1alpha1.Traffic) {
	bounded, cancel := context.WithTimeout(ctx, time.Duration(given.Timeout))
	defer cancel()
	response := r.client.ask(bounded, &v1alpha1.Request{Get: given.Get, Headers: given.Headers})
	if ctx.Err() == nil {
		r.note(response)
	}
}

func (r *route) note(response expression.Response) {
	// What a long series keeps of each answer is its end alone.
	r.mu.Lock()
	defer r.mu.Unlock()
	good := response.Error == "" && response.Code >= 200 && response.Code <= 299
	r.ends = append(r.ends, ending{at: time.Now(), good: good, code: response.Code})
	r.last = response
}

// watch holds a watch open and counts its lines, until it ends.
func (r *route) watch(ctx context.Context, given v1alpha1.Traffic) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.client.base+given.Get, nil)
	if err != nil {
		r.note(expression.Response{APIServer: r.client.apiServer, Error: err.Error()})
		return
	}
	request.Header.Set("Accept", "application/json")
	for name, value := range given.Headers {
		request.Header.Set(name, value)
	}
	response, err := r.client.http.Do(request)
	if err != nil {
		if ctx.Err() == nil {
			r.note(responseOf(r.client.apiServer, reply{}, err))
		}
		return
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusOK {
		r.open(time.Now())
		defer r.open(time.Time{})
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, answerLimit)
	var last string
	for lines.Scan() {
		last = lines.Text()
		r.event()
	}
	if ctx.Err() == nil {
		r.note(responseOf(r.client.apiServer, reply{code: response.StatusCode, header: response.Header, body: []byte(last)}, lines.Err()))
	}
}

func (r *route) open(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened = at
}

func (r *route) event() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events++
}

// summary is what became of the requests since then.
func (r *route) summary(since time.Time) expression.Traffic {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	t := expression.Traffic{APIServer: r.client.apiServer, Last: r.last, Events: r.events}
	if !r.opened.IsZero() {
		t.Open, t.OpenFor = true, now.Sub(r.opened)
	}
	if since.Before(r.began) {
		since = r.began
	}
	good := since
	for _, end := range r.ends {
		if end.at.Before(since) {
			continue
		}
		t.Sent++
		if !slices.Contains(t.Codes, end.code) {
			t.Codes = append(t.Codes, end.code)
		}
		if !end.good {
			t.Failed++
			continue
		}
		t.Good++
		t.LongestGap = max(t.LongestGap, end.at.Sub(good))
		good = end.at
	}
	t.LongestGap = max(t.LongestGap, now.Sub(good))
	slices.Sort(t.Codes)
	return t
}

// isWatch tells whether the path asks for a watch.
func isWatch(path string) bool {
	address, err := url.Parse(path)
	return err == nil && (address.Query().Get("watch") == "true" || address.Query().Get("watch") == "1")
}
