// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aggtest/aggtest/harness/timeline"
)

// record writes each request to the timeline when its answer is over.
func (s *Server) record(r *replica) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		began := time.Now()
		seen := &statusWriter{ResponseWriter: w, code: http.StatusOK}
		// Before the handler runs: an authenticator takes headers away.
		fact := received(request)
		fact.Server = r.name
		defer func() {
			fact.Code, fact.Took = seen.code, time.Since(began)
			s.cluster.timeline.Record(fact)
		}()
		r.handler.ServeHTTP(seen, request)
	})
}

// received is what is known of a request when it comes.
func received(request *http.Request) timeline.Request {
	fact := timeline.Request{
		Method: request.Method, Path: request.URL.Path, Query: request.URL.RawQuery, Proto: request.Proto,
		User: request.Header.Get("X-Remote-User"),
		// Copied, since an authenticator may also append to what it was given.
		Groups:  append([]string(nil), request.Header["X-Remote-Group"]...),
		Headers: make(map[string]string, len(request.Header)),
	}
	if request.TLS != nil && len(request.TLS.PeerCertificates) > 0 {
		fact.ClientCertificate = request.TLS.PeerCertificates[0].Subject.CommonName
	}
	for name, values := range request.Header {
		switch name {
		case "Accept", "Accept-Encoding", "User-Agent":
			// They say what the client is made of, and no test is about that.
		case "Authorization":
			fact.Headers["authorization"] = scheme(values)
		default:
			fact.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
		}
	}
	return fact
}

// scheme keeps of an Authorization header what kind it is: the timeline ends up
// in reports, where nobody's token belongs.
func scheme(values []string) string {
	name, _, found := strings.Cut(strings.Join(values, ", "), " ")
	if !found {
		return "(not kept)"
	}
	return name + " (not kept)"
}

// statusWriter remembers the status. It hands on what a watch and an upgrade
// need of the writer below: k8s.io/apiserver asks for [http.Flusher] by
// [http.ResponseController] and by type, and for [http.Hijacker] and
// [http.CloseNotifier] by type.
type statusWriter struct {
	http.ResponseWriter
	code int
}

func (w *statusWriter) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.code = http.StatusSwitchingProtocols
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (w *statusWriter) CloseNotify() <-chan bool {
	//lint:ignore SA1019 k8s.io/apiserver's filters still ask for it
	if notifier, ok := w.ResponseWriter.(http.CloseNotifier); ok {
		return notifier.CloseNotify()
	}
	return make(chan bool)
}
