// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	aggregatorclient "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"github.com/aggtest/aggtest/harness/internal/binaries"
	"github.com/aggtest/aggtest/harness/internal/controlplane"
	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/harness/pki"
)

// New boots a control plane: it gets the programs if they are not there yet,
// starts etcd and the kube-apiservers, and joins them to a virtual network. It
// returns when the default RBAC roles exist and extension API servers can read
// how to authenticate requests.
//
// When the boot fails nothing is left of it, and the error says why in the
// words of the program that failed. ctx ends the boot, not the cluster: that is
// for [Cluster.Close].
func New(ctx context.Context, cfg Config) (*Cluster, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("boot: %w", err)
	}
	c := &Cluster{
		config: cfg, timeline: cfg.Timeline, kubeconfigs: map[string]string{}, names: map[string]bool{},
		frontProxyFaults: map[int]pki.Fault{},
	}
	if err := c.boot(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("boot: %w", err), c.Close())
	}
	return c, nil
}

func (c *Cluster) boot(ctx context.Context) error {
	programs := []binaries.Name{binaries.Etcd, binaries.KubeAPIServer, binaries.Kubectl}
	controllers := len(c.config.ControllerManager.Controllers) > 0
	if controllers {
		programs = append(programs, binaries.KubeControllerManager)
	}
	found, err := binaries.Ensure(ctx, c.config.Binaries, programs...)
	if err != nil {
		return err
	}
	c.kubectl = found[binaries.Kubectl].Path
	if c.pki, err = pki.NewControlPlane(); err != nil {
		return err
	}
	if c.config.FrontProxy.SharedCA {
		c.pki.FrontProxy = c.pki.Client
	}
	began := time.Now()
	c.config.Progress(fmt.Sprintf("starting etcd and kube-apiserver %s", c.config.Kubernetes))
	if err := c.startControlPlane(ctx, found); err != nil {
		return err
	}
	if err := c.connect(ctx); err != nil {
		return err
	}
	if err := c.plane.WaitSettled(ctx); err != nil {
		return err
	}
	if err := c.waitAuthenticationConfig(ctx); err != nil {
		return err
	}
	if controllers {
		c.config.Progress("starting kube-controller-manager with " + list(c.config.ControllerManager.Controllers))
		if err := c.prepareControllerManager(ctx, found[binaries.KubeControllerManager].Path); err != nil {
			return err
		}
	}
	c.config.Progress(fmt.Sprintf("kube-apiserver %s is ready after %s", c.config.Kubernetes, time.Since(began).Round(100*time.Millisecond)))
	return nil
}

// startControlPlane opens an egress for each kube-apiserver and starts them.
func (c *Cluster) startControlPlane(ctx context.Context, found binaries.Set) error {
	record, err := controlplane.NewRecord()
	if err != nil {
		return err
	}
	c.record = record
	// The record comes before the directory, so that there is no moment at
	// which a killed run would leave one that nobody sweeps.
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("aggtest-%08x", rand.Uint32()))
	if err := record.AddPath(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	certificates, err := c.controlPlanePKI()
	if err != nil {
		return err
	}
	config := controlplane.Config{
		Dir: dir, Record: record, Timeline: c.timeline, PKI: certificates,
		Etcd: found[binaries.Etcd].Path, KubeAPIServer: found[binaries.KubeAPIServer].Path,
	}
	c.network = network.New(c.timeline)
	for i := range c.config.APIServers {
		own := c.config.each(i)
		server := controlplane.APIServer{
			Name: fmt.Sprintf("kube-apiserver-%d", i), Flags: own.Flags, Without: own.WithoutFlags, Env: own.Env,
		}
		if server.Path, err = c.kubeAPIServer(ctx, found, own.Kubernetes); err != nil {
			return fmt.Errorf("%s: %w", server.Name, err)
		}
		if !c.config.NoEgressSelector {
			socket := filepath.Join(dir, fmt.Sprintf("egress-%d.sock", i))
			if _, err := c.network.Egress(server.Name, socket); err != nil {
				return err
			}
			server.EgressSelectorConfig = network.EgressSelectorConfiguration(socket)
		}
		config.APIServers = append(config.APIServers, server)
	}
	c.plane, err = controlplane.Start(ctx, config)
	return err
}

// kubeAPIServer returns the path of a kube-apiserver of the version. One that is
// not the control plane's own version is none of the programs that were given
// outright.
func (c *Cluster) kubeAPIServer(ctx context.Context, found binaries.Set, version string) (string, error) {
	same, err := sameVersion(version, c.config.Kubernetes)
	if err != nil || same {
		return found[binaries.KubeAPIServer].Path, err
	}
	others, err := binaries.Ensure(ctx, ofVersion(c.config.Binaries, version), binaries.KubeAPIServer)
	if err != nil {
		return "", err
	}
	return others[binaries.KubeAPIServer].Path, nil
}

func (c *Cluster) controlPlanePKI() (controlplane.PKI, error) {
	serving, servingErr := c.pki.APIServer()
	frontProxy, frontProxyErr := c.frontProxyCertificate(c.config.FrontProxy.Certificate)
	admin, adminErr := c.pki.Client.Client(administrator, administratorGroup)
	if err := errors.Join(servingErr, frontProxyErr, adminErr); err != nil {
		return controlplane.PKI{}, err
	}
	c.admin = admin
	return controlplane.PKI{
		ClientCA:                 c.pki.Client.CertificatePEM(),
		RequestHeaderCA:          c.pki.FrontProxy.CertificatePEM(),
		FrontProxy:               frontProxy,
		ServingCA:                c.pki.Serving.CertificatePEM(),
		Serving:                  keyPair(serving),
		ServiceAccountPublicKey:  c.pki.ServiceAccounts.PublicPEM(),
		ServiceAccountPrivateKey: c.pki.ServiceAccounts.PrivatePEM(),
		Admin:                    keyPair(admin),
	}, nil
}

func keyPair(certificate *pki.Certificate) controlplane.KeyPair {
	return controlplane.KeyPair{Cert: certificate.CertificatePEM(), Key: certificate.KeyPEM()}
}

// connect makes the clients and starts the watches.
func (c *Cluster) connect(ctx context.Context) error {
	for i, process := range c.plane.APIServers() {
		config := c.configWith(process.URL(), c.admin.CertificatePEM(), c.admin.KeyPEM())
		client, err := rest.HTTPClientFor(config)
		if err != nil {
			return err
		}
		c.apiServers = append(c.apiServers, APIServer{Name: process.Name(), URL: process.URL(), index: i, tail: process.Tail})
		c.configs = append(c.configs, config)
		c.clients = append(c.clients, client)
		c.gates = append(c.gates, &gate{})
		if fault := c.config.FrontProxy.Certificate; fault != "" {
			c.recordFrontProxy(c.apiServers[i], fault)
		}
	}
	var err error
	if c.client, err = kubernetes.NewForConfig(c.configs[0]); err != nil {
		return err
	}
	if c.aggregator, err = aggregatorclient.NewForConfig(c.configs[0]); err != nil {
		return err
	}
	// The watches outlive the boot, and end with it when it fails.
	watches, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	for i, server := range c.apiServers {
		observer, err := observe(ctx, watches, server.Name, c.gates[i].guard(c.configs[i]), c.timeline, c.changed.raise)
		if observer != nil {
			c.observers = append(c.observers, observer)
		}
		if err != nil {
			return err
		}
	}
	following, err := kubernetes.NewForConfig(c.gates[0].guard(c.configs[0]))
	if err != nil {
		return err
	}
	return c.network.Follow(ctx, following)
}

// waitAuthenticationConfig waits for the ConfigMap by which extension API
// servers learn whom to trust as the front proxy. A controller writes it after
// the start: k8s.io/kubernetes@v1.37.2/pkg/controlplane/controller/clusterauthenticationtrust/cluster_authentication_trust_controller.go:244.
func (c *Cluster) waitAuthenticationConfig(ctx context.Context) error {
	const name = "extension-apiserver-authentication"
	err := waitFor(ctx, c.Changed, func(ctx context.Context) (bool, string) {
		config, err := c.client.CoreV1().ConfigMaps(metav1.NamespaceSystem).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		return config.Data["requestheader-client-ca-file"] != "", "it has no requestheader-client-ca-file"
	})
	if err != nil {
		return fmt.Errorf("wait for ConfigMap %s/%s: %w", metav1.NamespaceSystem, name, err)
	}
	return nil
}
