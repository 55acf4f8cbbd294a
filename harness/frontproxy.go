// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strings"

	"github.com/aggtest/aggtest/harness/internal/controlplane"
	"github.com/aggtest/aggtest/harness/pki"
	"github.com/aggtest/aggtest/harness/timeline"
)

// allowedNamesFlag tells kube-apiserver, and by it each server that asks, whom
// to believe as a front proxy.
const allowedNamesFlag = "requestheader-allowed-names"

// SetFrontProxyCertificate gives the aggregator in one kube-apiserver, counted
// from 0, or in each when apiServer is -1, a new client certificate with the
// fault, or a good one when fault is empty. It returns when the files are
// written. A running kube-apiserver reloads them by itself: at once by a watch
// of the files, and at the latest after a minute
// (k8s.io/apiserver@v0.37.2/pkg/server/dynamiccertificates/dynamic_serving_content.go:141-146).
// From then on its proxy and its probes make new connections with it
// (k8s.io/kube-aggregator@v0.37.2/pkg/apiserver/apiserver.go:314), so that
// nothing has to be cut; a watch that was open before goes on.
//
// Extension API servers answer requests that come with a bad one with 401, as
// they do to anybody whose certificate they cannot verify. The probe takes that
// for a failure as well, upon which requests are answered with 503.
func (c *Cluster) SetFrontProxyCertificate(apiServer int, fault pki.Fault) error {
	if err := c.setFrontProxyCertificate(apiServer, fault); err != nil {
		return fmt.Errorf("set the front-proxy certificate: %w", err)
	}
	return nil
}

func (c *Cluster) setFrontProxyCertificate(apiServer int, fault pki.Fault) error {
	if c.config.FrontProxy.NoCertificate {
		return errors.New("the control plane was booted without one")
	}
	chosen := c.apiServers
	if apiServer != -1 {
		server, err := c.apiServer(apiServer)
		if err != nil {
			return err
		}
		chosen = []APIServer{server}
	}
	certificate, err := c.frontProxyCertificate(fault)
	if err != nil {
		return err
	}
	for _, server := range chosen {
		if err := c.plane.SetFrontProxy(server.index, certificate); err != nil {
			return err
		}
		c.recordFrontProxy(server, fault)
	}
	return nil
}

// recordFrontProxy writes down which fault came and which is over.
func (c *Cluster) recordFrontProxy(server APIServer, fault pki.Fault) {
	c.mu.Lock()
	before := c.frontProxyFaults[server.index]
	c.frontProxyFaults[server.index] = fault
	c.mu.Unlock()
	if before != "" {
		c.timeline.Record(timeline.Fault{On: server.Name, What: frontProxyFault(before), Undone: true})
	}
	switch {
	case fault != "":
		c.timeline.Record(timeline.Fault{On: server.Name, What: frontProxyFault(fault)})
	case before == "":
		c.timeline.Record(timeline.Action{What: "give " + server.Name + " a new front-proxy certificate"})
	}
}

func frontProxyFault(fault pki.Fault) string { return "front-proxy certificate " + string(fault) }

func (c *Cluster) frontProxyCertificate(fault pki.Fault) (controlplane.KeyPair, error) {
	issue := c.pki.FrontProxyClient
	if fault != "" {
		issue = func() (*pki.Certificate, error) { return c.pki.FrontProxyClientWithFault(fault) }
	}
	certificate, err := issue()
	if err != nil {
		return controlplane.KeyPair{}, err
	}
	return keyPair(certificate), nil
}

// list writes values as a flag that takes several reads them: as a line of CSV.
func list(values []string) string {
	if len(values) == 0 {
		return ""
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(values) // a strings.Builder takes everything
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}
