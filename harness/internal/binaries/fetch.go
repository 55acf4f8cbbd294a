// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// dialLimit is short because a network that drops what it does not allow
	// must not hold up the build, which comes next.
	dialLimit = 5 * time.Second
	// stallLimit is how long a server may send nothing. Ten seconds of silence
	// happen on a bad line; half a minute means that nothing more will come.
	stallLimit = 30 * time.Second
)

// downloader gets things over HTTP, by the proxy of the environment.
type downloader struct {
	*bench
	client *http.Client
	stall  time.Duration
}

func newDownloader(b *bench, stall time.Duration) downloader {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: dialLimit}).DialContext
	return downloader{bench: b, client: &http.Client{Transport: transport}, stall: stall}
}

// counter is a writer that only counts its bytes.
type counter func(n int)

func (count counter) Write(p []byte) (int, error) {
	count(len(p))
	return len(p), nil
}

// errStalled ends a download whose server has gone silent.
var errStalled = errors.New("the server sends nothing")

// get gives the body of a 200 answer and its size, -1 if that is unknown.
// Reading it fails when nothing comes for the stall limit.
func (d downloader) get(ctx context.Context, url string) (io.ReadCloser, int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	body := &watchedBody{cancel: cancel, limit: d.stall, timer: time.AfterFunc(d.stall, func() { cancel(errStalled) })}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		body.stop()
		return nil, 0, fmt.Errorf("get %s: %w", url, err)
	}
	response, err := d.client.Do(request)
	if err != nil {
		// The client's error has the address already.
		if errors.Is(context.Cause(ctx), errStalled) {
			err = fmt.Errorf("get %s: %w", url, errStalled)
		}
		body.stop()
		return nil, 0, err
	}
	body.ctx, body.body = ctx, response.Body
	if response.StatusCode != http.StatusOK {
		body.Close()
		return nil, 0, fmt.Errorf("get %s: status %s", url, response.Status)
	}
	return body, response.ContentLength, nil
}

// watchedBody is a response's body that fails when it stalls.
type watchedBody struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	body   io.ReadCloser
	timer  *time.Timer
	limit  time.Duration
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.timer.Reset(b.limit)
	if err != nil && err != io.EOF && errors.Is(context.Cause(b.ctx), errStalled) {
		err = errStalled
	}
	return n, err
}

func (b *watchedBody) stop() {
	b.timer.Stop()
	b.cancel(nil)
}

func (b *watchedBody) Close() error {
	b.stop()
	return b.body.Close()
}
