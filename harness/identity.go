// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// administrator is the user of requests for which none is named. The group
// system:masters is let through before RBAC is asked.
const (
	administrator      = "aggtest-administrator"
	administratorGroup = "system:masters"
)

// RESTConfig is for the administrator through the first kube-apiserver. The
// caller owns the copy.
func (c *Cluster) RESTConfig() *rest.Config { return rest.CopyConfig(c.configs[0]) }

// RESTConfigAs is for a user, with a client certificate, through one
// kube-apiserver, counted from 0. An empty user is the administrator. A user
// has no rights but those that RBAC objects give.
func (c *Cluster) RESTConfigAs(apiServer int, user string, groups ...string) (*rest.Config, error) {
	if apiServer < 0 || apiServer >= len(c.apiServers) {
		return nil, fmt.Errorf("make a client for kube-apiserver %d: there are %d, counted from 0", apiServer, len(c.apiServers))
	}
	if user == "" {
		return rest.CopyConfig(c.configs[apiServer]), nil
	}
	certificate, err := c.pki.Client.Client(user, groups...)
	if err != nil {
		return nil, fmt.Errorf("make a client certificate for user %q: %w", user, err)
	}
	return c.configWith(c.apiServers[apiServer].URL, certificate.CertificatePEM(), certificate.KeyPEM()), nil
}

func (c *Cluster) configWith(server string, certificate, key []byte) *rest.Config {
	return &rest.Config{
		Host: server,
		TLSClientConfig: rest.TLSClientConfig{
			CAData: c.pki.Serving.CertificatePEM(), CertData: certificate, KeyData: key,
		},
		// The defaults of 5 a second are for guests of a production cluster;
		// this one is ours alone.
		QPS: 1000, Burst: 2000,
	}
}

// Kubeconfig writes a kubeconfig for a user through the first kube-apiserver
// and returns its path, below [Cluster.Dir]. An empty user is the administrator.
func (c *Cluster) Kubeconfig(user string, groups ...string) (string, error) {
	key := strings.Join(append([]string{user}, slices.Sorted(slices.Values(groups))...), "\x00")
	c.mu.Lock()
	defer c.mu.Unlock()
	if path, ok := c.kubeconfigs[key]; ok {
		return path, nil
	}
	config, err := c.RESTConfigAs(0, user, groups...)
	if err != nil {
		return "", err
	}
	path := filepath.Join(c.Dir(), fmt.Sprintf("user-%d.kubeconfig", len(c.kubeconfigs)))
	if user == "" {
		path = filepath.Join(c.Dir(), "kubeconfig")
	}
	if err := writeKubeconfig(path, config, orDefault(user, administrator)); err != nil {
		return "", err
	}
	c.kubeconfigs[key] = path
	return path, nil
}

func writeKubeconfig(path string, config *rest.Config, user string) error {
	const cluster = "aggtest"
	file := clientcmdapi.NewConfig()
	file.Clusters[cluster] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData, TLSServerName: config.ServerName}
	file.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: config.CertData, ClientKeyData: config.KeyData}
	file.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: user}
	file.CurrentContext = cluster
	data, err := clientcmd.Write(*file)
	if err != nil {
		return fmt.Errorf("write kubeconfig for user %q: %w", user, err)
	}
	// The file holds a private key.
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("write kubeconfig for user %q: %w", user, err)
	}
	return nil
}

// makeIdentity gives the server the name of a ServiceAccount, the rights of its
// config, and a kubeconfig whose requests go to kube-apiserver by a relay of
// the virtual network.
func (s *Server) makeIdentity(ctx context.Context) (kubeconfig string, err error) {
	c, namespace, name := s.cluster, s.config.Namespace, s.config.Name
	if err := s.bindRights(ctx); err != nil {
		return "", err
	}
	target, err := url.Parse(c.apiServers[0].URL)
	if err != nil {
		return "", fmt.Errorf("relay to %s: %w", c.apiServers[0].URL, err)
	}
	relay, err := c.network.Relay(name, target.Host)
	if err != nil {
		return "", fmt.Errorf("relay to %s: %w", c.apiServers[0].Name, err)
	}
	s.onClose(func(context.Context) error { return relay.Close() })
	user := "system:serviceaccount:" + namespace + ":" + name
	certificate, err := c.pki.Client.Client(user, "system:serviceaccounts", "system:serviceaccounts:"+namespace)
	if err != nil {
		return "", fmt.Errorf("make a client certificate for user %q: %w", user, err)
	}
	path := filepath.Join(c.Dir(), "server-"+namespace+"-"+name+".kubeconfig")
	config := c.configWith("https://"+relay.Addr(), certificate.CertificatePEM(), certificate.KeyPEM())
	if err := writeKubeconfig(path, config, user); err != nil {
		return "", err
	}
	s.onClose(func(context.Context) error { return os.Remove(path) })
	return path, nil
}

// bindRights creates the ServiceAccount and what it is bound to: what
// Kubernetes' documentation asks for of every extension API server, and the
// rules of the config.
func (s *Server) bindRights(ctx context.Context) error {
	client, namespace, name := s.cluster.client, s.config.Namespace, s.config.Name
	objectName := "aggtest:" + namespace + ":" + name
	subject := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}
	meta := metav1.ObjectMeta{Name: objectName, Labels: map[string]string{appLabel: name}}

	accounts := client.CoreV1().ServiceAccounts(namespace)
	_, err := accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create ServiceAccount %s/%s: %w", namespace, name, err)
	}
	s.onClose(func(ctx context.Context) error {
		return ignoreNotFound(accounts.Delete(ctx, name, metav1.DeleteOptions{}))
	})

	bindings := client.RbacV1().ClusterRoleBindings()
	bind := func(suffix, role string) error {
		binding := &rbacv1.ClusterRoleBinding{ObjectMeta: meta, Subjects: []rbacv1.Subject{subject},
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role}}
		binding.Name += suffix
		if _, err := bindings.Create(ctx, binding, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create ClusterRoleBinding %s: %w", binding.Name, err)
		}
		s.onClose(func(ctx context.Context) error {
			return ignoreNotFound(bindings.Delete(ctx, binding.Name, metav1.DeleteOptions{}))
		})
		return nil
	}
	if err := bind(":auth-delegator", "system:auth-delegator"); err != nil {
		return err
	}
	roleBindings := client.RbacV1().RoleBindings(metav1.NamespaceSystem)
	_, err = roleBindings.Create(ctx, &rbacv1.RoleBinding{ObjectMeta: meta, Subjects: []rbacv1.Subject{subject},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "extension-apiserver-authentication-reader"}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create RoleBinding %s/%s: %w", metav1.NamespaceSystem, objectName, err)
	}
	s.onClose(func(ctx context.Context) error {
		return ignoreNotFound(roleBindings.Delete(ctx, objectName, metav1.DeleteOptions{}))
	})
	if len(s.config.Rules) == 0 {
		return nil
	}
	roles := client.RbacV1().ClusterRoles()
	if _, err := roles.Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: s.config.Rules}, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create ClusterRole %s: %w", objectName, err)
	}
	s.onClose(func(ctx context.Context) error {
		return ignoreNotFound(roles.Delete(ctx, objectName, metav1.DeleteOptions{}))
	})
	return bind(":rules", objectName)
}
