// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/timeline"
)

// resourceList answers everything with an empty list of resources, which is all
// that the aggregator's probe asks for.
func resourceList(gv schema.GroupVersion) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":%q,"resources":[]}`, gv.String())
	})
}

// install puts a server behind an APIService and waits until it serves.
func install(t *testing.T, cluster *harness.Cluster, name string, replicas int) (*harness.Server, harness.APIService) {
	t.Helper()
	gv := schema.GroupVersion{Group: name + ".example.com", Version: "v1"}
	server, err := cluster.Install(t.Context(), harness.ServerConfig{
		Name: name, Namespace: name + "-system", Replicas: replicas, Handler: harness.Handler(resourceList(gv)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	service := harness.APIService{Group: gv.Group, Version: gv.Version, Server: server}
	if err := cluster.Register(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Unregister(context.Background(), service.Name()); err != nil {
			t.Error(err)
		}
	})
	serves(t, cluster, gv)
	return server, service
}

func serves(t *testing.T, cluster *harness.Cluster, gv schema.GroupVersion) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servesWithin)
	defer cancel()
	if err := cluster.WaitServes(ctx, gv); err != nil {
		t.Fatal(err)
	}
}

// available waits until the condition Available of the APIService is as wanted
// through the first kube-apiserver, with reason in front of its message. A probe
// that a cut interrupts fails for that first, and for the real reason after.
func available(t *testing.T, cluster *harness.Cluster, name, status, reason, message string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), servesWithin)
	defer cancel()
	last := "no APIService"
	for {
		changed := cluster.Changed()
		if service := cluster.APIService(0, name); service != nil {
			for _, condition := range service.Status.Conditions {
				if string(condition.Status) == status && condition.Reason == reason && strings.Contains(condition.Message, message) {
					return
				}
				last = fmt.Sprintf("%s %s: %s", condition.Status, condition.Reason, condition.Message)
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%s did not become Available=%s %s with %q: last seen %s", name, status, reason, message, last)
		}
	}
}

func TestEveryReplicaServes(t *testing.T) {
	cluster := cluster(t)
	mark := cluster.Timeline().Mark()
	server, service := install(t, cluster, "replicated", 2)
	available(t, cluster, service.Name(), "True", "Passed", "all checks passed")
	if got := len(server.Handlers()); got != 2 {
		t.Errorf("got %d handlers, want 2", got)
	}
	// Connections go to the ready replicas in turn; one that is cut makes the
	// next request dial again.
	reached := func() map[string]bool {
		replicas := map[string]bool{}
		for _, dial := range timeline.Of[timeline.Dial](cluster.Timeline(), mark) {
			if dial.Fact.From == "kube-apiserver-0" && dial.Fact.Err == "" {
				replicas[dial.Fact.To] = true
			}
		}
		return replicas
	}
	for range 2 {
		server.Cut(-1)
		serves(t, cluster, schema.GroupVersion{Group: service.Group, Version: service.Version})
	}
	if got := reached(); !got["replicated/0"] || !got["replicated/1"] {
		t.Errorf("not every replica was dialed by kube-apiserver-0: %v", got)
	}
	probed := false
	for _, request := range timeline.Of[timeline.Request](cluster.Timeline(), mark) {
		probed = probed || request.Fact.User == "system:kube-aggregator" && request.Fact.Path == "/apis/replicated.example.com/v1"
	}
	if !probed {
		t.Error("the aggregator's probe is not on the timeline")
	}
}

func TestRefuseAndSetReady(t *testing.T) {
	cluster := cluster(t)
	server, service := install(t, cluster, "refusing", 2)
	for _, test := range []struct {
		name   string
		reason string // why the aggregator should say this
		breaks func() (mend func())
		want   string
	}{
		{"refuse", "a dial that is refused fails the probe, whichever replica it goes to",
			func() func() {
				undo := server.Refuse(-1)
				server.Cut(-1)
				return undo
			}, "FailedDiscoveryCheck"},
		{"not ready", "readiness is looked at before anything is dialed",
			func() func() {
				if err := server.SetReady(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
				return func() {
					if err := server.SetReady(t.Context(), 2); err != nil {
						t.Fatal(err)
					}
				}
			}, "MissingEndpoints"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mend := test.breaks()
			if err := server.Touch(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Log(test.reason)
			available(t, cluster, service.Name(), "False", test.want, "")
			mend()
			if err := server.Touch(t.Context()); err != nil {
				t.Fatal(err)
			}
			available(t, cluster, service.Name(), "True", "Passed", "")
		})
	}
}

func TestWaitServesSaysWhatItSawLast(t *testing.T) {
	cluster := cluster(t)
	service := harness.APIService{Group: "nobody.example.com", Version: "v1",
		Service: &harness.ServiceReference{Namespace: "default", Name: "nobody"}, InsecureSkipTLSVerify: true}
	if err := cluster.Register(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cluster.Unregister(context.Background(), service.Name()); err != nil {
			t.Error(err)
		}
	}()
	available(t, cluster, service.Name(), "False", "ServiceNotFound", "")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := cluster.WaitServes(ctx, schema.GroupVersion{Group: service.Group, Version: service.Version})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want a deadline that was exceeded", err)
	}
	for _, want := range []string{
		"wait for nobody.example.com/v1 to be served through kube-apiserver-0: time ran out",
		"for the last ", "503 service unavailable",
		`Available=False ServiceNotFound: service/nobody in "default" is not present`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error has no %q: %v", want, err)
		}
	}
}

func TestUnregisteredPathIsNotFound(t *testing.T) {
	cluster := cluster(t)
	_, service := install(t, cluster, "leaving", 1)
	if err := cluster.Unregister(t.Context(), service.Name()); err != nil {
		t.Fatal(err)
	}
	result, err := cluster.Kubectl(t.Context(), harness.KubectlRun{Args: []string{"get", "--raw", "/apis/leaving.example.com/v1"}})
	if err != nil {
		t.Fatal(err)
	}
	if result.ExitCode != 1 || !strings.Contains(result.Stderr, "NotFound") {
		t.Errorf("got %+v, want exit code 1 and NotFound", result)
	}
}

func TestServerHasJustItsRights(t *testing.T) {
	cluster := cluster(t)
	var kubeconfig string
	server, err := cluster.Install(t.Context(), harness.ServerConfig{
		Name: "humble",
		Handler: func(_ context.Context, env harness.Environment) (http.Handler, error) {
			kubeconfig = env.Kubeconfig
			return http.NotFoundHandler(), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	for _, test := range []struct {
		attributes authorizationv1.ResourceAttributes
		allowed    bool
		reason     string
	}{
		{authorizationv1.ResourceAttributes{Verb: "create", Group: "authorization.k8s.io", Resource: "subjectaccessreviews"}, true, "system:auth-delegator"},
		{authorizationv1.ResourceAttributes{Verb: "create", Group: "authentication.k8s.io", Resource: "tokenreviews"}, true, "system:auth-delegator"},
		{authorizationv1.ResourceAttributes{Verb: "get", Resource: "configmaps", Namespace: "kube-system", Name: "extension-apiserver-authentication"}, true, "extension-apiserver-authentication-reader"},
		{authorizationv1.ResourceAttributes{Verb: "get", Resource: "configmaps", Namespace: "kube-system", Name: "other"}, false, "the role names one ConfigMap"},
		{authorizationv1.ResourceAttributes{Verb: "list", Resource: "secrets"}, false, "nothing gives it"},
		{authorizationv1.ResourceAttributes{Verb: "list", Resource: "namespaces"}, false, "no rules were asked for"},
	} {
		review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &test.attributes},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if review.Status.Allowed != test.allowed {
			t.Errorf("%s %s %s: allowed is %t, want %t: %s", test.attributes.Verb, test.attributes.Resource, test.attributes.Name,
				review.Status.Allowed, test.allowed, test.reason)
		}
	}
}

func TestInstallThatFailsLeavesNothing(t *testing.T) {
	cluster := cluster(t)
	boom := errors.New("no such database")
	_, err := cluster.Install(t.Context(), harness.ServerConfig{
		Name: "broken", Namespace: "broken-system", Replicas: 2,
		Handler: func(context.Context, harness.Environment) (http.Handler, error) { return nil, boom },
	})
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), `install server "broken"`) {
		t.Fatalf("got %v, want the handler's error with the server's name", err)
	}
	client := kubernetes.NewForConfigOrDie(cluster.RESTConfig())
	_, err = client.CoreV1().ServiceAccounts("broken-system").Get(t.Context(), "broken", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("the ServiceAccount is still there: %v", err)
	}
	bindings, err := client.RbacV1().ClusterRoleBindings().List(t.Context(), metav1.ListOptions{LabelSelector: "app=broken"})
	if err != nil || len(bindings.Items) != 0 {
		t.Errorf("there are %d ClusterRoleBindings left, err %v", len(bindings.Items), err)
	}
	// The name is free again.
	install(t, cluster, "broken", 1)
}

func TestInstallRefuses(t *testing.T) {
	cluster := cluster(t)
	install(t, cluster, "taken", 1)
	handler := harness.Handler(http.NotFoundHandler())
	for _, test := range []struct {
		config harness.ServerConfig
		want   string
	}{
		{harness.ServerConfig{Name: "taken", Handler: handler}, "a server of that name is installed already"},
		{harness.ServerConfig{Name: "no-handler"}, "handler must be set"},
		{harness.ServerConfig{Name: "Upper", Handler: handler}, `name "Upper"`},
		{harness.ServerConfig{Name: "few", Replicas: -1, Handler: handler}, "must not be negative"},
	} {
		if _, err := cluster.Install(t.Context(), test.config); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("install %+v: got %v, want an error with %q", test.config, err, test.want)
		}
	}
}

func TestKubectlRunsAsAUser(t *testing.T) {
	cluster := cluster(t)
	result, err := cluster.Kubectl(t.Context(), harness.KubectlRun{Args: []string{"auth", "whoami"}, User: "alice", Groups: []string{"dev"}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(result.Stdout, "alice") || !strings.Contains(result.Stdout, "dev") {
		t.Errorf("kubectl runs as somebody else: %+v", result)
	}
	denied, err := cluster.Kubectl(t.Context(), harness.KubectlRun{Args: []string{"get", "secrets"}, User: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	if denied.ExitCode != 1 || !strings.Contains(denied.Stderr, `User "alice" cannot list resource "secrets"`) {
		t.Errorf("got %+v, want a refusal that names alice", denied)
	}
}

func TestEveryAPIServerIsWaitedFor(t *testing.T) {
	own := harness.Start(t, harness.Config{APIServers: 2})
	t.Run("waits", func(t *testing.T) {
		mark := own.Timeline().Mark()
		_, service := install(t, own, "twofold", 1)
		seen := map[string]bool{}
		for _, change := range timeline.Of[timeline.ConditionChange](own.Timeline(), mark) {
			if change.Fact.APIService == service.Name() {
				seen[change.Fact.APIServer] = true
			}
		}
		answered := map[string]bool{}
		for _, dial := range timeline.Of[timeline.Dial](own.Timeline(), mark) {
			if strings.HasPrefix(dial.Fact.To, "twofold/") {
				answered[dial.Fact.From] = true
			}
		}
		for _, server := range own.APIServers() {
			if !seen[server.Name] {
				t.Errorf("no condition was seen through %s", server.Name)
			}
			if !answered[server.Name] {
				t.Errorf("%s never dialed the server", server.Name)
			}
		}
	})
	dir := own.Dir()
	if err := own.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}

func TestBootThatFailsSaysWhy(t *testing.T) {
	_, err := harness.New(t.Context(), harness.Config{Flags: map[string]string{"no-such-flag": "1"}})
	if err == nil || !strings.Contains(err.Error(), "unknown flag: --no-such-flag") {
		t.Fatalf("got %v, want kube-apiserver's own words", err)
	}
}

func TestBootIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("changed my mind")
	_, err := harness.New(ctx, harness.Config{Progress: func(string) { cancel(why) }})
	if !errors.Is(err, why) {
		t.Fatalf("got %v, want the cause of the cancellation", err)
	}
}
