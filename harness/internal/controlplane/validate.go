// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

var (
	nameForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	envForm  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	flagForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
)

// ownFlags are those that Start must set itself to find the server again.
var ownFlags = []string{"secure-port", "bind-address", "etcd-servers"}

// withDefaults returns the config with the names and paths of its
// kube-apiservers filled in. Slices are copied, so that the caller's stay.
func (c Config) withDefaults() Config {
	c.APIServers = slices.Clone(c.APIServers)
	if len(c.APIServers) == 0 {
		c.APIServers = []APIServer{{}}
	}
	for i := range c.APIServers {
		server := &c.APIServers[i]
		if server.Name == "" {
			server.Name = fmt.Sprintf("kube-apiserver-%d", i)
		}
		if server.Path == "" {
			server.Path = c.KubeAPIServer
		}
	}
	if c.StartLimit == 0 {
		c.StartLimit = defaultStartLimit
	}
	if c.ports == nil {
		c.ports = freePorts
	}
	return c
}

// validate returns every problem of a config with defaults, joined.
func (c Config) validate() error {
	var problems []error
	complain := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(format, args...))
	}
	if err := executable(c.Etcd); err != nil {
		complain("Etcd: %w", err)
	}
	names := map[string]bool{etcdName: true}
	for i, server := range c.APIServers {
		at := fmt.Sprintf("APIServers[%d]", i)
		if !nameForm.MatchString(server.Name) {
			complain("%s.Name: %q has more than lower-case letters, digits and dashes", at, server.Name)
		}
		if names[server.Name] {
			complain("%s.Name: %q is taken: give each process a name of its own", at, server.Name)
		}
		names[server.Name] = true
		if err := executable(server.Path); err != nil {
			complain("%s.Path: %w", at, err)
		}
		for name := range server.Flags {
			if err := flagName(name); err != nil {
				complain("%s.Flags: %w", at, err)
			}
		}
		for _, name := range server.Without {
			if err := flagName(name); err != nil {
				complain("%s.Without: %w", at, err)
			}
		}
		for name, value := range server.Env {
			if !envForm.MatchString(name) {
				complain("%s.Env: %q is no name of an environment variable", at, name)
			}
			if strings.ContainsRune(value, 0) {
				complain("%s.Env[%s]: the value has a zero byte", at, name)
			}
		}
	}
	if err := c.PKI.validate(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// executable tells whether a path can be started, so that a wrong one is an
// error before anything runs.
func executable(path string) error {
	if path == "" {
		return errors.New("no path of a binary")
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("%s cannot be executed", path)
	}
	return nil
}

func flagName(name string) error {
	if !flagForm.MatchString(name) {
		return fmt.Errorf("%q is no name of a flag: write it without dashes in front and without a value", name)
	}
	if slices.Contains(ownFlags, name) {
		return fmt.Errorf("--%s is chosen at the start and cannot be set", name)
	}
	return nil
}

// validate finds the mistakes that would otherwise show up as a kube-apiserver
// that never becomes ready.
func (p PKI) validate() error {
	var problems []error
	pool := func(field string, pem []byte) *x509.CertPool {
		certs := x509.NewCertPool()
		if !certs.AppendCertsFromPEM(pem) {
			problems = append(problems, fmt.Errorf("PKI.%s: no certificate in PEM", field))
		}
		return certs
	}
	signed := func(field string, pair KeyPair, by string, roots *x509.CertPool, usage x509.ExtKeyUsage, ip string) {
		cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
		if err == nil {
			_, err = cert.Leaf.Verify(x509.VerifyOptions{
				DNSName:       ip,
				Roots:         roots,
				Intermediates: intermediates(pair.Cert),
				KeyUsages:     []x509.ExtKeyUsage{usage},
			})
			if err != nil {
				err = fmt.Errorf("not accepted by %s: %w", by, err)
			}
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("PKI.%s: %w", field, err))
		}
	}
	signed("Serving", p.Serving, "ServingCA", pool("ServingCA", p.ServingCA), x509.ExtKeyUsageServerAuth, loopback)
	signed("Admin", p.Admin, "ClientCA", pool("ClientCA", p.ClientCA), x509.ExtKeyUsageClientAuth, "")
	pool("RequestHeaderCA", p.RequestHeaderCA)
	if _, err := tls.X509KeyPair(p.FrontProxy.Cert, p.FrontProxy.Key); err != nil {
		problems = append(problems, fmt.Errorf("PKI.FrontProxy: %w", err))
	}
	if len(p.ServiceAccountPublicKey) == 0 || len(p.ServiceAccountPrivateKey) == 0 {
		problems = append(problems, errors.New("PKI.ServiceAccountPublicKey, PKI.ServiceAccountPrivateKey: both are needed"))
	}
	return errors.Join(problems...)
}

// intermediates returns all certificates of a chain; that the leaf is among
// them does no harm.
func intermediates(chain []byte) *x509.CertPool {
	certs := x509.NewCertPool()
	certs.AppendCertsFromPEM(chain)
	return certs
}
