// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func someValues() commandValues {
	return commandValues{
		host: "127.0.0.1", port: 4711, certFile: "/dir/tls/tls.crt", keyFile: "/dir/tls/tls.key", kubeconfig: "/dir/kubeconfig",
		clientCAFile: "/dir/client-ca.crt", requestHeaderCAFile: "/dir/requestheader-client-ca.crt",
		etcdServers: "http://127.0.0.1:1,http://127.0.0.1:2", namespace: "custom-system", name: "my-api-server", service: "my-service",
		dir: "/dir", replica: 1,
	}
}

func TestCommandRender(t *testing.T) {
	command := Command{
		Args: []string{
			"--listen={{.Host}}:{{.Port}}", "{{.CertFile}} {{.KeyFile}} {{.Kubeconfig}}", "{{.ClientCAFile}} {{.RequestHeaderClientCAFile}}",
			"{{.EtcdServers}}", "{{.Namespace}}/{{.Service}} {{.Name}}/{{.Replica}}", "{{if eq .Replica 1}}second{{end}}", "no template", "",
		},
		Env: []string{"DATA={{.Dir}}/data", "EMPTY="}, ReadyPath: "/healthz/{{.Name}}",
	}
	got, err := command.render(someValues())
	if err != nil {
		t.Fatal(err)
	}
	wantArgs := []string{
		"--listen=127.0.0.1:4711", "/dir/tls/tls.crt /dir/tls/tls.key /dir/kubeconfig", "/dir/client-ca.crt /dir/requestheader-client-ca.crt",
		"http://127.0.0.1:1,http://127.0.0.1:2", "custom-system/my-service my-api-server/1", "second", "no template", "",
	}
	if !slices.Equal(got.args, wantArgs) {
		t.Errorf("arguments %q, want %q", got.args, wantArgs)
	}
	if want := []string{"DATA=/dir/data", "EMPTY="}; !slices.Equal(got.env, want) {
		t.Errorf("environment %q, want %q", got.env, want)
	}
	if got.dir != "/dir" || got.readyPath != "/healthz/my-api-server" {
		t.Errorf("dir %q, ready path %q", got.dir, got.readyPath)
	}
	plain, err := Command{Dir: "/srv/{{.Name}}"}.render(someValues())
	if err != nil || plain.dir != "/srv/my-api-server" || plain.readyPath != "/readyz" {
		t.Errorf("dir %q, ready path %q, err %v", plain.dir, plain.readyPath, err)
	}
}

func TestServerConfigWithACommand(t *testing.T) {
	handler := Handler(http.NotFoundHandler())
	sh := func(change func(*Command)) *Command {
		command := Command{Path: "sh"}
		if change != nil {
			change(&command)
		}
		return &command
	}
	plain := filepath.Join(t.TempDir(), "not-executable")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		reason string
		config ServerConfig
		// want is in the error. None means that there is no error.
		want []string
	}{
		{"a name in PATH is a program", ServerConfig{Command: sh(nil)}, nil},
		{"a server is one of two things", ServerConfig{Command: sh(nil), Handler: handler}, []string{"handler and command exclude each other"}},
		{"and not none", ServerConfig{}, []string{"handler must be set, or command"}},
		{"a program has a path", ServerConfig{Command: &Command{}}, []string{"command: path must be set"}},
		{"the program must be there", ServerConfig{Command: &Command{Path: "/nowhere/my-api-server"}}, []string{"command: path: ", "/nowhere/my-api-server", "no such file"}},
		{"and be a program", ServerConfig{Command: &Command{Path: plain}}, []string{"permission denied"}},
		{"a wrong name is told with its argument", ServerConfig{Command: sh(func(c *Command) { c.Args = []string{"-c", "--port={{.Prot}}"} })},
			[]string{`argument 2, "--port={{.Prot}}"`, `"Prot"`, "known are .CertFile, .ClientCAFile", ".Port"}},
		{"so is wrong syntax", ServerConfig{Command: sh(func(c *Command) { c.Args = []string{"{{.Port"} })}, []string{`argument 1, "{{.Port"`, "unclosed action"}},
		{"a replica of its own may have an argument that is wrong", ServerConfig{Replicas: 2, Command: sh(func(c *Command) {
			c.Args = []string{"{{if eq .Replica 1}}{{.Prot}}{{end}}"}
		})}, []string{"argument 1", `"Prot"`}},
		{"all problems are told", ServerConfig{Command: sh(func(c *Command) {
			c.Args, c.Env = []string{"{{.A}}", "{{.B}}"}, []string{"X={{.C}}", "novalue", "=x"}
			c.Dir, c.ReadyPath = "{{.D}}", "{{.E}}"
		})}, []string{"argument 1", "argument 2", "environment variable 1", `environment variable 2, "novalue": must be NAME=value`, `environment variable 3, "=x"`, "dir, ", "ready path, "}},
		{"a path of a URL", ServerConfig{Command: sh(func(c *Command) { c.ReadyPath = "readyz" })}, []string{`ready path "readyz": must begin with a slash`}},
		{"times", ServerConfig{Command: sh(func(c *Command) { c.ReadyWithin, c.StopWithin = -time.Second, -1 })}, []string{"ready within -1s", "stop within -1ns"}},
		{"TLS is the program's", ServerConfig{Command: sh(nil), TLS: TLS{NextProtos: []string{}}}, []string{"TLS: it is a command, whose TLS is its own"}},
	} {
		test.config.Name = "my-api-server"
		err := test.config.withDefaults().validate()
		if (err == nil) != (test.want == nil) {
			t.Errorf("%s: got %v", test.reason, err)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %q, want %q in it", test.reason, err, want)
			}
		}
	}
}

func TestCertificateFilesChangeTogether(t *testing.T) {
	files := &certificateFiles{folder: t.TempDir()}
	for _, content := range []string{"one", "two", "three"} {
		if err := files.write([]byte(content+" certificate"), []byte(content+" key")); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{files.certificate(): content + " certificate", files.key(): content + " key"} {
			if got, err := os.ReadFile(path); err != nil || string(got) != want {
				t.Errorf("%s is %q, err %v, want %q", path, got, err, want)
			}
		}
		entries, err := os.ReadDir(files.folder)
		if err != nil {
			t.Fatal(err)
		}
		// The two links that are told, ..data and what it is a link to.
		if len(entries) != 4 {
			t.Errorf("after %q there are %v", content, entries)
		}
	}
	// What cannot be written changes nothing.
	if err := os.WriteFile(filepath.Join(files.folder, "..4"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := files.write([]byte("x"), []byte("x")); err == nil {
		t.Error("a file in the way of the folder is no error")
	}
	if got, _ := os.ReadFile(files.key()); string(got) != "three key" {
		t.Errorf("after a write that failed the key is %q", got)
	}
}

func TestCommandLogKeepsLinesWhole(t *testing.T) {
	shared := newRing(10)
	one, two := newCommandLog(shared), newCommandLog(shared)
	for _, part := range []struct {
		log  *commandLog
		text string
	}{{one, "first of "}, {two, "one of two\nunfini"}, {one, "one\nsecond of one\n"}, {two, "shed"}} {
		if n, err := part.log.Write([]byte(part.text)); n != len(part.text) || err != nil {
			t.Fatalf("wrote %d bytes, err %v", n, err)
		}
	}
	for _, log := range []*commandLog{one, two} {
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := shared.tail(10), []string{"one of two", "first of one", "second of one", "unfinished"}; !slices.Equal(got, want) {
		t.Errorf("the server's log is %q, want %q", got, want)
	}
	if got, want := two.tail(10), []string{"one of two", "unfinished"}; !slices.Equal(got, want) {
		t.Errorf("the process's own log is %q, want %q", got, want)
	}
	_, _ = one.Write([]byte(strings.Repeat("x", longestLogLine+1)))
	if got := one.tail(1); len(got[0]) != longestLogLine+1 || len(one.partial) != 0 {
		t.Errorf("a line without an end is kept back: %d bytes are out and %d not", len(got[0]), len(one.partial))
	}
}
