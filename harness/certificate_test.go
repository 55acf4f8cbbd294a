// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/pki"
	"github.com/aggtest/aggtest/harness/timeline"
)

// again is how often a test touches a Service while it waits for a moment of the
// clock.
const again = 200 * time.Millisecond

func groupVersion(service harness.APIService) schema.GroupVersion {
	return schema.GroupVersion{Group: service.Group, Version: service.Version}
}

// get asks the first kube-apiserver for the group version's document.
func get(t *testing.T, cluster *harness.Cluster, service harness.APIService) (code int, body string) {
	t.Helper()
	client, err := rest.HTTPClientFor(cluster.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	return ask(t, client, cluster.APIServers()[0].URL+"/apis/"+service.Group+"/"+service.Version, nil)
}

func ask(t *testing.T, client *http.Client, url string, header http.Header) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		request.Header = header
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

func touch(t *testing.T, server *harness.Server) {
	t.Helper()
	if err := server.Touch(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestCertificateFaults shows each fault to a real aggregator.
func TestCertificateFaults(t *testing.T) {
	cluster := cluster(t)
	server, service := install(t, cluster, "certified", 1)
	unavailable := func(order harness.CertificateOrder, says string) {
		t.Run(order.String(), func(t *testing.T) {
			if says == "" {
				t.Fatal("the fault has nothing to say, so nothing is looked for")
			}
			mark := cluster.Timeline().Mark()
			if err := server.SetCertificateOf(0, order); err != nil {
				t.Fatal(err)
			}
			server.Cut(-1)
			touch(t, server)
			available(t, cluster, service.Name(), "False", "FailedDiscoveryCheck", says)
			if err := server.Reload(); err != nil {
				t.Fatal(err)
			}
			touch(t, server)
			available(t, cluster, service.Name(), "True", "Passed", "")
			serves(t, cluster, groupVersion(service))
			var facts []string
			for _, fault := range timeline.Of[timeline.Fault](cluster.Timeline(), mark) {
				if fault.Fact.On == "certified/0" {
					facts = append(facts, fault.Fact.String())
				}
			}
			if want := []string{"certified/0: " + order.String(), "certified/0: " + order.String() + " is over"}; !slices.Equal(facts, want) {
				t.Errorf("the timeline has %q, want %q", facts, want)
			}
		})
	}
	for _, fault := range pki.Faults() {
		if fault != pki.WeakKey && fault != pki.Expiring {
			unavailable(harness.CertificateOrder{Fault: fault}, fault.Says())
		}
	}
	unavailable(harness.CertificateOrder{None: true}, "remote error: tls: internal error")

	t.Run("weak key", func(t *testing.T) {
		// Go does not mind, and so the aggregator does not.
		if err := server.SetCertificate(pki.WeakKey); err != nil {
			t.Fatal(err)
		}
		mark := cluster.Timeline().Mark()
		server.Cut(-1)
		serves(t, cluster, groupVersion(service))
		if len(timeline.Of[timeline.Dial](cluster.Timeline(), mark)) == 0 {
			t.Error("no connection was made with the certificate")
		}
		available(t, cluster, service.Name(), "True", "Passed", "")
		if err := server.SetCertificate(""); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("expiring", func(t *testing.T) {
		if err := server.SetCertificateOf(-1, harness.CertificateOrder{ExpiresIn: 2 * time.Second}); err != nil {
			t.Fatal(err)
		}
		server.Cut(-1)
		serves(t, cluster, groupVersion(service))
		for !isAvailable(cluster, service.Name(), "False", "FailedDiscoveryCheck", pki.Expiring.Says()) {
			server.Cut(-1)
			touch(t, server)
			select {
			case <-time.After(again):
			case <-t.Context().Done():
				t.Fatal("the certificate did not run out")
			}
		}
		if err := server.SetCertificate(""); err != nil {
			t.Fatal(err)
		}
		touch(t, server)
		available(t, cluster, service.Name(), "True", "Passed", "")
	})
}

func isAvailable(cluster *harness.Cluster, name, status, reason, message string) bool {
	service := cluster.APIService(0, name)
	return service != nil && slices.ContainsFunc(service.Status.Conditions, func(c apiregistrationv1.APIServiceCondition) bool {
		return string(c.Status) == status && c.Reason == reason && strings.Contains(c.Message, message)
	})
}

func TestCertificateOfOneReplica(t *testing.T) {
	cluster := cluster(t)
	server, _ := install(t, cluster, "certified-one", 2)
	if err := server.SetCertificateOf(1, harness.CertificateOrder{Fault: pki.Expired}); err != nil {
		t.Fatal(err)
	}
	for replica, says := range []string{"", pki.Expired.Says()} {
		client, base, err := server.Client(replica, harness.DirectIdentity{})
		if err != nil {
			t.Fatal(err)
		}
		code, body := ask(t, client, base, nil)
		if good := code == http.StatusOK; good != (says == "") || !strings.Contains(body, says) {
			t.Errorf("replica %d answers %d %s, want %q", replica, code, body, says)
		}
	}
	for _, test := range []struct {
		replica int
		order   harness.CertificateOrder
		says    string
	}{
		{2, harness.CertificateOrder{}, `server "certified-one" has no replica 2: it has 2, counted from 0`},
		{-2, harness.CertificateOrder{}, "has no replica -2"},
		{0, harness.CertificateOrder{Fault: "Expird"}, `make a certificate for certified-one/0: unknown certificate fault "Expird"`},
		{0, harness.CertificateOrder{Fault: pki.WrongName, ExpiresIn: time.Second}, "only a certificate with fault Expiring can be told when it expires, not one with fault WrongName"},
		{0, harness.CertificateOrder{None: true, Fault: pki.WrongName}, "none excludes a fault"},
		{0, harness.CertificateOrder{ExpiresIn: -time.Second}, "must not be negative"},
		{0, harness.CertificateOrder{ExpiresIn: 365 * 24 * time.Hour}, "at most 720h0m0s"},
	} {
		if err := server.SetCertificateOf(test.replica, test.order); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("replica %d, order %+v: got %v, want %q", test.replica, test.order, err, test.says)
		}
	}
}

func TestCABundles(t *testing.T) {
	cluster := cluster(t)
	server, service := install(t, cluster, "bundled", 1)
	other, err := server.OtherCABundle()
	if err != nil {
		t.Fatal(err)
	}
	set := func(t *testing.T, bundle []byte) {
		t.Helper()
		if err := cluster.SetCABundle(t.Context(), service.Name(), bundle); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name                             string
		bundle                           []byte
		status, condition, message, does string
		reason                           string // why the aggregator should say this
	}{
		{"other", other, "False", "FailedDiscoveryCheck", pki.WrongAuthority.Says(), "has another caBundle: certificates in it: 1", "it signed nothing of the server's"},
		{"two", bytes.Join([][]byte{other, server.CABundle()}, nil), "True", "Passed", "", "has another caBundle: certificates in it: 2", "one of the two is enough"},
		{"none", nil, "False", "FailedDiscoveryCheck", pki.WrongAuthority.Says(), "has no caBundle", "the roots of the system do not have it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mark := cluster.Timeline().Mark()
			set(t, test.bundle)
			t.Log(test.reason)
			available(t, cluster, service.Name(), test.status, test.condition, test.message)
			actions := timeline.Of[timeline.Action](cluster.Timeline(), mark)
			if len(actions) == 0 || actions[0].Fact.What != service.Name()+" "+test.does {
				t.Errorf("the timeline has %v, want one that the APIService %s", actions, test.does)
			}
		})
	}
	set(t, server.CABundle())
	available(t, cluster, service.Name(), "True", "Passed", "")
	serves(t, cluster, groupVersion(service))
	t.Run("not PEM", func(t *testing.T) {
		set(t, []byte("this is no certificate\n"))
		ctx, cancel := context.WithTimeout(t.Context(), servesWithin)
		defer cancel()
		// The proxy learns of it when its own informer does.
		for code, body := get(t, cluster, service); code != http.StatusInternalServerError || !strings.Contains(body, "unable to load root certificates"); code, body = get(t, cluster, service) {
			if ctx.Err() != nil {
				t.Fatalf("the last answer was %d %s, want 500 and that the roots cannot be loaded", code, body)
			}
		}
		if !isAvailable(cluster, service.Name(), "True", "Passed", "") {
			t.Error("the condition changed, though the availability check cannot be made")
		}
		set(t, server.CABundle())
		serves(t, cluster, groupVersion(service))
	})
	if err := cluster.SetCABundle(t.Context(), "v1.nowhere.example.com", nil); err == nil || !strings.Contains(err.Error(), "set the caBundle of APIService v1.nowhere.example.com") {
		t.Errorf("got %v, want an error that names the APIService", err)
	}
}

func TestRotate(t *testing.T) {
	cluster := cluster(t)
	server, service := install(t, cluster, "rotated", 2)
	name, gv := service.Name(), groupVersion(service)
	set := func(bundles ...[]byte) {
		t.Helper()
		if err := cluster.SetCABundle(t.Context(), name, bytes.Join(bundles, nil)); err != nil {
			t.Fatal(err)
		}
	}
	if server.PreviousCABundle() != nil {
		t.Error("there is a previous caBundle before the first rotation")
	}

	// With reload. What is open is kept, so that nobody notices until a dial.
	first := server.CABundle()
	open := cluster.Network().Connections(server.Link(-1))
	mark := cluster.Timeline().Mark()
	if err := server.Rotate(true); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(server.PreviousCABundle(), first) || bytes.Equal(server.CABundle(), first) {
		t.Error("the caBundle did not become the previous one")
	}
	if code, body := get(t, cluster, service); code != http.StatusOK {
		t.Errorf("the answer on an open connection is %d %s", code, body)
	}
	if now := cluster.Network().Connections(server.Link(-1)); open == 0 || now < open {
		t.Errorf("%d connections before, %d after the rotation, want them kept", open, now)
	}
	for _, dial := range timeline.Of[timeline.Dial](cluster.Timeline(), mark) {
		if strings.HasPrefix(dial.Fact.To, "rotated/") {
			t.Errorf("there was a dial, so the answer does not show that connections are kept: %s", dial.Fact)
		}
	}
	server.Cut(-1)
	touch(t, server)
	available(t, cluster, name, "False", "FailedDiscoveryCheck", pki.WrongAuthority.Says())
	set(server.CABundle())
	available(t, cluster, name, "True", "Passed", "")
	serves(t, cluster, gv)

	// Without reload, both authorities in the caBundle: the order that works.
	if err := server.Rotate(false); err != nil {
		t.Fatal(err)
	}
	set(server.CABundle(), server.PreviousCABundle())
	server.Cut(-1)
	serves(t, cluster, gv)
	available(t, cluster, name, "True", "Passed", "")
	// The new one alone: too early.
	set(server.CABundle())
	available(t, cluster, name, "False", "FailedDiscoveryCheck", pki.WrongAuthority.Says())
	if err := server.Reload(); err != nil {
		t.Fatal(err)
	}
	touch(t, server)
	available(t, cluster, name, "True", "Passed", "")
	serves(t, cluster, gv)

	var actions []string
	for _, action := range timeline.Of[timeline.Action](cluster.Timeline(), mark) {
		if strings.HasPrefix(action.Fact.What, "rotated") {
			actions = append(actions, action.Fact.What)
		}
	}
	want := []string{
		"rotated has a new authority", "rotated/0 has a new certificate", "rotated/1 has a new certificate",
		"rotated has a new authority and keeps its certificates", "rotated/0 has a new certificate", "rotated/1 has a new certificate",
	}
	if !slices.Equal(actions, want) {
		t.Errorf("the timeline has %q, want %q", actions, want)
	}
}
