// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"
)

const (
	defaultReadyPath = "/readyz"
	// defaultReadyWithin is what the slowest start may take. A server on
	// k8s.io/apiserver is ready after some hundred milliseconds; one that builds
	// caches or waits for a store of its own may need many seconds on a loaded
	// machine, and a mistake should show before a test's own limit does.
	defaultReadyWithin = time.Minute
	// defaultStopWithin is enough for a server that closes its listeners and
	// ends. One on k8s.io/apiserver waits for its requests, up to a minute
	// (k8s.io/apiserver@v0.37.2/pkg/server/config.go:453), and nothing that it could
	// lose is worth that wait.
	defaultStopWithin = 5 * time.Second
)

// Command is a program that serves the API by itself, with its own TLS: the
// server that is shipped, and not a handler made of parts of it. Each replica is
// a process.
//
// Dir, ReadyPath, each of Args and each of Env is a template of [text/template]
// with these values:
//
//	{{.Host}}                       127.0.0.1, where the replica must listen
//	{{.Port}}                       the port there
//	{{.CertFile}} {{.KeyFile}}      the serving certificate and its key, as PEM
//	{{.Kubeconfig}}                 the server's own identity
//	{{.ClientCAFile}}               whose client certificates are users
//	{{.RequestHeaderClientCAFile}}  whose client certificates are front proxies
//	{{.EtcdServers}}                the URLs of the control plane's etcd, with commas
//	{{.Namespace}} {{.Service}}     the Service
//	{{.Name}} {{.Replica}}          the server's name and the replica's number, from 0
//	{{.Dir}}                        a directory of the replica's own, removed at the end
//
// The certificate and its key are replaced as those of a mounted Secret are, by
// a link to a new directory, so that both change at once: a server that reads
// its files again will see [Server.SetCertificateOf] and [Server.Rotate], and
// another will not until [Server.Restart].
type Command struct {
	// Path of the program. One without a slash is looked for in PATH; another
	// that is not absolute counts from the directory of this process.
	Path string
	// Args are its arguments, without the program's name.
	Args []string
	// Env is added to its environment, each in the form NAME=value. Otherwise
	// that holds nothing but PATH, HOME, which is {{.Dir}}, and TMPDIR, which is
	// below: no proxy and no kubeconfig of whoever runs this.
	Env []string
	// Dir is its working directory. Empty means {{.Dir}}.
	Dir string
	// ReadyPath is asked for over TLS until there is an answer below 500, which
	// is taken for readiness: a server may ask who wants to know (401, 403), or
	// may have no such path (404), and yet serve. The certificate is not verified
	// for that, since it may be a bad one on purpose. Empty means /readyz.
	ReadyPath string
	// ReadyWithin is how long a replica may take to become ready. 0 means 1
	// minute.
	ReadyWithin time.Duration
	// StopWithin is how long a replica that was told to end, by SIGTERM, may take
	// before it is killed. 0 means 5 seconds.
	StopWithin time.Duration
}

// commandValues are what the templates may name.
type commandValues struct {
	host, certFile, keyFile, kubeconfig   string
	clientCAFile, requestHeaderCAFile     string
	etcdServers, namespace, name, service string
	dir                                   string
	port, replica                         int
}

// temporary is the replica's directory of temporary files.
func (v commandValues) temporary() string { return filepath.Join(v.dir, temporaryFolder) }

func (v commandValues) byName() map[string]any {
	return map[string]any{
		"Host": v.host, "Port": v.port, "CertFile": v.certFile, "KeyFile": v.keyFile, "Kubeconfig": v.kubeconfig,
		"ClientCAFile": v.clientCAFile, "RequestHeaderClientCAFile": v.requestHeaderCAFile,
		"EtcdServers": v.etcdServers, "Namespace": v.namespace, "Name": v.name, "Service": v.service,
		"Replica": v.replica, "Dir": v.dir,
	}
}

// rendered is a command with its values.
type rendered struct {
	args, env      []string
	dir, readyPath string
}

// render returns every problem of the templates, joined.
func (c Command) render(values commandValues) (rendered, error) {
	var problems []error
	named := values.byName()
	fill := func(what, text string) string {
		filled, err := fillTemplate(text, named)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s, %q: %w", what, text, err))
		}
		return filled
	}
	r := rendered{dir: fill("dir", orDefault(c.Dir, "{{.Dir}}")), readyPath: fill("ready path", orDefault(c.ReadyPath, defaultReadyPath))}
	for i, text := range c.Args {
		r.args = append(r.args, fill(fmt.Sprintf("argument %d", i+1), text))
	}
	for i, text := range c.Env {
		what := fmt.Sprintf("environment variable %d", i+1)
		if name, _, found := strings.Cut(text, "="); !found || name == "" {
			problems = append(problems, fmt.Errorf("%s, %q: must be NAME=value", what, text))
		}
		r.env = append(r.env, fill(what, text))
	}
	if len(problems) == 0 && !strings.HasPrefix(r.readyPath, "/") {
		problems = append(problems, fmt.Errorf("ready path %q: must begin with a slash", r.readyPath))
	}
	return r, errors.Join(problems...)
}

// fillTemplate words the errors of text/template so that they say what may be
// named, and not how the template is kept.
func fillTemplate(text string, values map[string]any) (string, error) {
	parsed, err := template.New("it").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var filled strings.Builder
	if err := parsed.Execute(&filled, values); err != nil {
		return "", fmt.Errorf("%w; known are .%s", err, strings.Join(slices.Sorted(maps.Keys(values)), ", ."))
	}
	return filled.String(), nil
}

// validate finds what would only show after other things were made. The values
// are made up, but for the replica's number, which a template may branch on.
func (c Command) validate(replicas int) error {
	var problems []error
	if _, err := c.program(); err != nil {
		problems = append(problems, err)
	}
	if c.ReadyWithin < 0 {
		problems = append(problems, fmt.Errorf("ready within %s: must not be negative", c.ReadyWithin))
	}
	if c.StopWithin < 0 {
		problems = append(problems, fmt.Errorf("stop within %s: must not be negative", c.StopWithin))
	}
	for i := range max(replicas, 1) {
		_, err := c.render(commandValues{
			host: "127.0.0.1", port: 1, certFile: "/x", keyFile: "/x", kubeconfig: "/x", clientCAFile: "/x",
			requestHeaderCAFile: "/x", etcdServers: "http://x", namespace: "x", name: "x", service: "x", dir: "/x", replica: i,
		})
		if err != nil {
			problems = append(problems, err)
			break
		}
	}
	return errors.Join(problems...)
}

// program returns the absolute path of the program, which must be executable.
func (c Command) program() (string, error) {
	if c.Path == "" {
		return "", errors.New("path must be set")
	}
	found, err := exec.LookPath(c.Path)
	if err != nil {
		return "", fmt.Errorf("path: %w", err)
	}
	return filepath.Abs(found)
}
