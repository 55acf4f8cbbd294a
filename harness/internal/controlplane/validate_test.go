// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"strings"
	"testing"
)

func TestStartRefusesAWrongConfig(t *testing.T) {
	good := func() Config {
		return Config{Etcd: "/bin/sh", KubeAPIServer: "/bin/sh", PKI: testPKI(t)}
	}
	if err := good().withDefaults().validate(); err != nil {
		t.Fatalf("a good config: %v", err)
	}
	tests := []struct {
		name   string
		change func(*Config)
		want   []string
		reason string
	}{
		{"no binaries", func(c *Config) { c.Etcd, c.KubeAPIServer = "", "" },
			[]string{"Etcd: no path", "APIServers[0].Path: no path"}, "all problems at once"},
		{"not a program", func(c *Config) { c.Etcd = "/etc/passwd" },
			[]string{"Etcd: /etc/passwd cannot be executed"}, "better now than as a crash"},
		{"same name", func(c *Config) { c.APIServers = []APIServer{{Name: "a"}, {Name: "a"}} },
			[]string{`APIServers[1].Name: "a" is taken`}, "names are file names"},
		{"etcd's name", func(c *Config) { c.APIServers = []APIServer{{Name: "etcd"}} },
			[]string{`APIServers[0].Name: "etcd" is taken`}, "names are file names"},
		{"odd name", func(c *Config) { c.APIServers = []APIServer{{Name: "../x"}} },
			[]string{`APIServers[0].Name: "../x"`}, "names are file names"},
		{"dashes", func(c *Config) { c.APIServers = []APIServer{{Flags: map[string]string{"--v": "2"}}} },
			[]string{`"--v" is no name of a flag`}, "the likeliest mistake"},
		{"own flag", func(c *Config) { c.APIServers = []APIServer{{Flags: map[string]string{"secure-port": "1"}}} },
			[]string{"--secure-port is chosen"}, "nobody would find the server"},
		{"without own flag", func(c *Config) { c.APIServers = []APIServer{{Without: []string{"etcd-servers"}}} },
			[]string{"--etcd-servers is chosen"}, "as above"},
		{"variable", func(c *Config) { c.APIServers = []APIServer{{Env: map[string]string{"A B": "", "C": "\x00"}}} },
			[]string{`"A B" is no name`, "Env[C]: the value has a zero byte"}, "the shell would choke on both"},
		{"serving by another authority", func(c *Config) { c.PKI.ServingCA = c.PKI.ClientCA },
			[]string{"PKI.Serving: not accepted by ServingCA"}, "it would never become ready"},
		{"admin by another authority", func(c *Config) { c.PKI.ClientCA = c.PKI.ServingCA },
			[]string{"PKI.Admin: not accepted by ClientCA"}, "it would be refused"},
		{"swapped keys", func(c *Config) { c.PKI.FrontProxy.Key = c.PKI.Admin.Key },
			[]string{"PKI.FrontProxy: "}, "kube-apiserver would not start"},
		{"nothing", func(c *Config) { c.PKI = PKI{} },
			[]string{"PKI.Serving: ", "PKI.ServingCA: no certificate", "PKI.RequestHeaderCA: no certificate", "PKI.ServiceAccountPublicKey"}, "all problems at once"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := good()
			test.change(&cfg)
			c, err := Start(t.Context(), cfg)
			if err == nil {
				_ = c.Stop()
				t.Fatal("it started")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q (%s):\n%v", want, test.reason, err)
				}
			}
		})
	}
}

func TestStartRefusesAFolderTooLongForASocket(t *testing.T) {
	cfg := Config{Etcd: "/bin/sh", KubeAPIServer: "/bin/sh", PKI: testPKI(t), Dir: t.TempDir() + strings.Repeat("/long", 20)}
	c, err := Start(t.Context(), cfg)
	if err == nil {
		_ = c.Stop()
		t.Fatal("it started")
	}
	if !strings.Contains(err.Error(), "choose a shorter Dir") {
		t.Errorf("got %v", err)
	}
}
