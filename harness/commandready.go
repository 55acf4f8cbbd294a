// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aggtest/aggtest/harness/internal/controlplane"
)

const (
	// readyProbeLimit is how long one answer may take. A loaded machine takes
	// some hundred milliseconds for the first handshake.
	readyProbeLimit = 2 * time.Second
	// logLinesShown is how much of a log stands in an error: what a program says
	// of a wrong flag, or the end of a stack.
	logLinesShown = 10
)

// errPortTaken is the end of a program that could not listen.
var errPortTaken = errors.New("its port is in use: somebody else has taken it meanwhile, or the program does not listen where it is told")

// awaitReady asks until the process answers below 500. Its error has what the
// process wrote last.
func awaitReady(ctx context.Context, process *controlplane.Command, log *commandLog, url string) error {
	transport := &http.Transport{
		// Readiness is not about the certificate, which may be bad on purpose.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		// A connection that is kept would not show a server that has gone.
		DisableKeepAlives: true,
	}
	client := &http.Client{
		Transport: transport, Timeout: readyProbeLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	began := time.Now()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	last := "nothing was asked yet"
	for {
		ready, state := probe(ctx, client, url)
		// An answer counts only if it can have come from the process.
		if ready && process.Running() {
			return nil
		}
		if ctx.Err() == nil {
			last = state
		}
		select {
		case <-process.Exited():
			return exitedEarly(process, log)
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w after %s; the last look was GET %s: %s%s",
				causeOf(ctx), time.Since(began).Round(time.Millisecond), url, last, wrote(log))
		case <-tick.C:
		}
	}
}

func probe(ctx context.Context, client *http.Client, url string) (ready bool, state string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, err.Error()
	}
	response, err := client.Do(request)
	if err != nil {
		// Without what stands before it anyway: the method and the URL.
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
		return false, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(response.Body, bodyShown))
	return response.StatusCode < http.StatusInternalServerError, fmt.Sprintf("%d %s", response.StatusCode, strings.TrimSpace(string(body)))
}

func exitedEarly(process *controlplane.Command, log *commandLog) error {
	for _, line := range log.tail(logLinesShown) {
		if strings.Contains(strings.ToLower(line), "address already in use") {
			return fmt.Errorf("exited before it was ready, with %s: %w%s", process.Status(), errPortTaken, wrote(log))
		}
	}
	return fmt.Errorf("exited before it was ready, with %s%s", process.Status(), wrote(log))
}

// wrote is the end of a log as the rest of an error.
func wrote(log *commandLog) string {
	lines := log.tail(logLinesShown)
	if len(lines) == 0 {
		return "; it wrote nothing"
	}
	return "; it wrote:\n    " + strings.Join(lines, "\n    ")
}
