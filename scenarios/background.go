// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aggtest/aggtest/scenarios/internal/expression"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

// background is a request that is repeated until it is stopped, through each of
// its kube-apiservers by itself.
type background struct {
	given  v1alpha1.Traffic
	stop   context.CancelFunc
	all    sync.WaitGroup
	routes []*route
}

// startTraffic begins to repeat a request. The undo stack ends it and waits.
func (w *world) startTraffic(ctx context.Context, given *v1alpha1.Traffic) error {
	clients, err := w.clientsOf(&v1alpha1.Request{Get: given.Get, As: given.As, APIServer: given.APIServer})
	if err != nil {
		return err
	}
	// The requests go on when the step is over.
	living, stop := context.WithCancel(context.WithoutCancel(ctx))
	b := &background{given: *given, stop: stop}
	for _, client := range clients {
		r := &route{client: client, began: time.Now()}
		b.routes = append(b.routes, r)
		b.all.Go(func() { b.repeat(living, r) })
	}
	w.undo.push("traffic "+given.Name, func(context.Context) error {
		b.stop()
		b.all.Wait()
		return nil
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.backgrounds == nil {
		w.backgrounds = map[string]*background{}
	}
	w.backgrounds[given.Name] = b
	return nil
}

// repeat sends one request after another, each at its time or, when the one
// before took longer, at once.
func (b *background) repeat(ctx context.Context, r *route) {
	ticker := time.NewTicker(time.Duration(b.given.Every))
	defer ticker.Stop()
	for {
		if isWatch(b.given.Get) {
			r.watch(ctx, b.given)
		} else {
			r.ask(ctx, b.given)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (w *world) background(name string) (*background, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b, ok := w.backgrounds[name]
	if !ok {
		return nil, fmt.Errorf("traffic %q has not begun", name)
	}
	return b, nil
}

// seeTraffic looks at what became of the requests, through each kube-apiserver
// by itself.
func (w *world) seeTraffic(ctx context.Context, of *v1alpha1.TrafficOf, step time.Time, t test) sight {
	b, err := w.background(of.Name)
	if err != nil {
		return never(err.Error())
	}
	since := step
	if of.Window > 0 {
		since = time.Now().Add(-time.Duration(of.Window))
	}
	looked := false
	for _, r := range b.routes {
		if of.APIServer != nil && r.client.apiServer != w.cluster.APIServers()[*of.APIServer].Name {
			continue
		}
		looked = true
		seen := r.summary(since)
		now := t.judge(ctx, seen, nil)
		if !now.held {
			now.state = trafficText(seen) + "\n" + now.state
			return now.via(r.client.apiServer)
		}
	}
	if !looked {
		return never(fmt.Sprintf("traffic %q does not go through kube-apiserver %d", of.Name, *of.APIServer))
	}
	return holds()
}

func trafficText(t expression.Traffic) string {
	text := fmt.Sprintf("%s, %d good, longest without a good one %s", count(t.Sent, "request"), t.Good, t.LongestGap.Round(time.Millisecond))
	if t.Sent > 0 {
		text += fmt.Sprintf("; codes %v", t.Codes)
		text += "; last: " + sightOfResponse(t.Last)
	}
	if t.Open {
		text += fmt.Sprintf("; open for %s with %s", t.OpenFor.Round(time.Millisecond), count(t.Events, "event"))
	}
	return text
}
