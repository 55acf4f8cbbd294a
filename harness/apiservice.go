// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/aggtest/aggtest/harness/timeline"
)

const (
	// defaultGroupPriority and defaultVersionPriority are what the aggregator
	// itself takes for a group that nobody gave a priority:
	// k8s.io/apiserver@v0.37.2/pkg/endpoints/discovery/aggregated/handler.go:436.
	defaultGroupPriority   = 1000
	defaultVersionPriority = 15
)

// ServiceReference names a Service and one of its ports.
type ServiceReference struct {
	// Namespace and Name of the Service.
	Namespace, Name string
	// Port of the Service. 0 means 443, which is the API's own default.
	Port int32
}

// APIService registers a group version with the aggregator. Group, Version and
// one of Server and Service must be set.
type APIService struct {
	// Group and Version that are registered.
	Group, Version string
	// Server stands behind the APIService: it gives the Service, the port and
	// the caBundle.
	Server *Server
	// Service is used when there is no Server, or when another Service than the
	// server's is to be named.
	Service *ServiceReference
	// GroupPriorityMinimum orders groups, 1 to 20000, the highest first. 0
	// means 1000.
	GroupPriorityMinimum int32
	// VersionPriority orders versions of a group, 1 to 1000, the highest first.
	// 0 means 15.
	VersionPriority int32
	// CABundle is the PEM that the server's certificate must verify against.
	// Nil means the server's own authority.
	CABundle []byte
	// NoCABundle leaves caBundle empty, so that the aggregator trusts the roots
	// of the system (k8s.io/client-go@v0.37.2/transport/transport.go:91).
	NoCABundle bool
	// InsecureSkipTLSVerify takes any certificate; caBundle stays empty, since
	// the API refuses both together.
	InsecureSkipTLSVerify bool
	// Port of the Service that is asked for. 0 means the server's.
	Port int32
}

// Name is the object's name, which must be <version>.<group>:
// k8s.io/kube-aggregator@v0.37.2/pkg/apis/apiregistration/validation/validation.go:36.
func (a APIService) Name() string { return a.Version + "." + a.Group }

func (a APIService) object() *apiregistrationv1.APIService {
	service := a.Service
	if service == nil && a.Server != nil {
		service = &ServiceReference{Namespace: a.Server.Namespace(), Name: a.Server.Service(), Port: a.Server.Port()}
	}
	object := &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: a.Name()},
		Spec: apiregistrationv1.APIServiceSpec{
			Group:                 a.Group,
			Version:               a.Version,
			GroupPriorityMinimum:  orDefault(a.GroupPriorityMinimum, defaultGroupPriority),
			VersionPriority:       orDefault(a.VersionPriority, defaultVersionPriority),
			InsecureSkipTLSVerify: a.InsecureSkipTLSVerify,
			CABundle:              a.CABundle,
		},
	}
	if object.Spec.CABundle == nil && a.Server != nil && !a.NoCABundle && !a.InsecureSkipTLSVerify {
		object.Spec.CABundle = a.Server.CABundle()
	}
	if service != nil {
		port := orDefault(a.Port, orDefault(service.Port, defaultServicePort))
		object.Spec.Service = &apiregistrationv1.ServiceReference{Namespace: service.Namespace, Name: service.Name, Port: &port}
	}
	return object
}

// Register creates the APIService and returns at once: use [Cluster.WaitServes]
// to wait until requests are answered. It fails when the API refuses the object
// or has one of that name.
func (c *Cluster) Register(ctx context.Context, service APIService) error {
	if service.Group == "" || service.Version == "" {
		return fmt.Errorf("register APIService %q: group and version must be set", service.Name())
	}
	if _, err := c.aggregator.ApiregistrationV1().APIServices().Create(ctx, service.object(), metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("register APIService %s: %w", service.Name(), err)
	}
	return nil
}

// Unregister deletes the APIService and waits until no kube-apiserver proxies
// its path any more, so that what is registered next starts from nothing. An
// APIService that is not there is no error.
func (c *Cluster) Unregister(ctx context.Context, name string) error {
	object, err := c.aggregator.ApiregistrationV1().APIServices().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("unregister APIService %s: %w", name, err)
	}
	if err := c.aggregator.ApiregistrationV1().APIServices().Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("unregister APIService %s: %w", name, err)
	}
	path := "/apis/" + object.Spec.Group + "/" + object.Spec.Version
	return c.everyAPIServer(ctx, "APIService "+name+" to be gone", func(ctx context.Context, server APIServer) (bool, string) {
		if now := c.APIService(server.index, name); now != nil && now.UID == object.UID {
			return false, "the APIService is still shown"
		}
		// An APIService that somebody made anew under the name, a CRD's among
		// them, is not the one that had to go.
		if c.APIService(server.index, name) != nil {
			return true, ""
		}
		answer := c.ask(ctx, server.index, path)
		if answer.code == http.StatusNotFound {
			return true, ""
		}
		return false, answer.String()
	})
}

// TouchAPIService changes an annotation of the APIService, upon which the
// aggregator looks at its availability, its discovery and its OpenAPI at once
// instead of at the end of their periods
// (k8s.io/kube-aggregator@v0.37.2/pkg/controllers/status/remote/remote_available_controller.go:486).
func (c *Cluster) TouchAPIService(ctx context.Context, name string) error {
	_, err := c.aggregator.ApiregistrationV1().APIServices().Patch(ctx, name, types.MergePatchType, touchPatch(), metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("touch APIService %s: %w", name, err)
	}
	return nil
}

// SetCABundle gives an APIService another caBundle. Nil or empty clears it, so
// that the aggregator trusts the roots of the system. Anything may be in it: the
// API does not look
// (k8s.io/kube-aggregator@v0.37.2/pkg/apis/apiregistration/validation/validation.go:36),
// but refuses one beside insecureSkipTLSVerify.
//
// The aggregator checks the availability of the APIService again at once. With a
// bundle that holds no certificate it cannot: the condition stays as it was,
// and requests get 500 "unable to load root certificates".
func (c *Cluster) SetCABundle(ctx context.Context, apiService string, bundle []byte) error {
	if len(bundle) == 0 {
		// JSON's null, which takes the field away, and not the empty string.
		bundle = nil
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"caBundle": bundle}})
	if err == nil {
		_, err = c.aggregator.ApiregistrationV1().APIServices().Patch(ctx, apiService, types.MergePatchType, patch, metav1.PatchOptions{})
	}
	if err != nil {
		return fmt.Errorf("set the caBundle of APIService %s: %w", apiService, err)
	}
	what := fmt.Sprintf("%s has another caBundle: certificates in it: %d", apiService, countCertificates(bundle))
	if bundle == nil {
		what = apiService + " has no caBundle"
	}
	c.timeline.Record(timeline.Action{What: what})
	return nil
}

func countCertificates(bundle []byte) int {
	n := 0
	for {
		var block *pem.Block
		if block, bundle = pem.Decode(bundle); block == nil {
			return n
		}
		if block.Type == "CERTIFICATE" {
			n++
		}
	}
}

// touchPatch differs each time, so that each touch is a change.
func touchPatch() []byte {
	return fmt.Appendf(nil, `{"metadata":{"annotations":{"aggtest.dev/touched":%q}}}`, time.Now().Format(time.RFC3339Nano))
}

// WaitServes waits until a request for the group version through every
// kube-apiserver was answered by the server behind it. An APIService that is
// Available need not serve: the proxy of each kube-apiserver learns of the
// condition later than it is written, and answers 503 until then
// (k8s.io/kube-aggregator@v0.37.2/pkg/apiserver/handler_proxy.go:123).
//
// The error of a wait that ran out names the last state seen, for how long, and
// through which kube-apiserver.
func (c *Cluster) WaitServes(ctx context.Context, gv schema.GroupVersion) error {
	path := "/apis/" + gv.Group + "/" + gv.Version
	return c.everyAPIServer(ctx, gv.String()+" to be served", func(ctx context.Context, server APIServer) (bool, string) {
		answer := c.ask(ctx, server.index, path)
		if answer.err == nil && answer.code >= 200 && answer.code < 300 {
			return true, ""
		}
		return false, answer.String() + c.conditionSuffix(server.index, gv)
	})
}

func (c *Cluster) conditionSuffix(apiServer int, gv schema.GroupVersion) string {
	service := c.APIService(apiServer, gv.Version+"."+gv.Group)
	if service == nil {
		return "; there is no APIService " + gv.Version + "." + gv.Group
	}
	for _, condition := range service.Status.Conditions {
		if condition.Type == apiregistrationv1.Available {
			return fmt.Sprintf("; Available=%s %s: %s", condition.Status, condition.Reason, condition.Message)
		}
	}
	return "; the APIService has no condition yet"
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
