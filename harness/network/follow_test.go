// SPDX-License-Identifier: Apache-2.0

package network_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"

	"github.com/aggtest/aggtest/harness/network"
	"github.com/aggtest/aggtest/harness/timeline"
)

const clusterIP = "10.0.0.7:443"

func newService() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "custom-system", Name: "my-api-server"},
		Spec: corev1.ServiceSpec{
			ClusterIP: "10.0.0.7", ClusterIPs: []string{"10.0.0.7"},
			Ports: []corev1.ServicePort{{Name: "https", Port: 443, Protocol: corev1.ProtocolTCP}},
		},
	}
}

func newSlice(addresses ...netip.AddrPort) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "custom-system", Name: "my-api-server-1",
			Labels: map[string]string{discoveryv1.LabelServiceName: "my-api-server"},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("https"), Port: new(int32(8443))}},
	}
	for _, address := range addresses {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{address.Addr().String()},
			Conditions: discoveryv1.EndpointConditions{Ready: new(true)},
		})
	}
	return slice
}

func (b *bed) follow(t testing.TB, objects ...runtime.Object) *fake.Clientset {
	t.Helper()
	client := fake.NewClientset(objects...)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := b.Follow(ctx, client); err != nil {
		t.Fatal(err)
	}
	return client
}

func TestFollow(t *testing.T) {
	b := newBed(t)
	first, second := b.echo(t, "my-api-server/0"), b.echo(t, "my-api-server/1")
	b.follow(t, newService(), newSlice(second, first))
	for range 4 {
		talk(t, b.mustDial(t, clusterIP))
	}
	var got []string
	for _, dial := range facts[timeline.Dial](b.tl, 0) {
		got = append(got, fmt.Sprintf("%s %s", dial.Address, dial.To))
	}
	want := "10.0.0.7:443 my-api-server/0, 10.0.0.7:443 my-api-server/1, 10.0.0.7:443 my-api-server/0, 10.0.0.7:443 my-api-server/1"
	if strings.Join(got, ", ") != want {
		t.Errorf("dials %s, want %s", strings.Join(got, ", "), want)
	}
}

// The kube-apiserver's watch may be ahead of ours.
func TestFollowWaitsForLateObjects(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "my-api-server/0")
	client := b.follow(t)

	start := time.Now()
	if _, status := b.dial(t, clusterIP); status != "503 no Service has the ClusterIP 10.0.0.7" {
		t.Fatalf("before there is a Service: %s", status)
	}
	if took := time.Since(start); took < 900*time.Millisecond {
		t.Errorf("the dial was refused after %s, want about a second", took)
	}

	made := make(chan error, 1)
	const late = 100 * time.Millisecond
	start = time.Now()
	timer := time.AfterFunc(late, func() {
		_, err := client.CoreV1().Services("custom-system").Create(context.Background(), newService(), metav1.CreateOptions{})
		if err == nil {
			_, err = client.DiscoveryV1().EndpointSlices("custom-system").Create(context.Background(), newSlice(address), metav1.CreateOptions{})
		}
		made <- err
	})
	defer timer.Stop()
	conn := b.mustDial(t, clusterIP)
	if took := time.Since(start); took < late {
		t.Errorf("connected after %s, before there was a Service", took)
	}
	if err := <-made; err != nil {
		t.Fatal(err)
	}
	talk(t, conn)
}

func TestFollowSeesEndpointsGo(t *testing.T) {
	b := newBed(t)
	address := b.echo(t, "my-api-server/0")
	client := b.follow(t, newService(), newSlice(address))
	talk(t, b.mustDial(t, clusterIP))

	slice := newSlice(address)
	slice.Endpoints[0].Conditions.Ready = new(false)
	if _, err := client.DiscoveryV1().EndpointSlices("custom-system").Update(t.Context(), slice, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	// The watch may be late: until it is not, the replica is still found.
	deadline := time.Now().Add(patience)
	for {
		_, status := b.dial(t, clusterIP)
		if status == "503 service custom-system/my-api-server has no ready endpoints" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the last dial gives %s, want a refusal", status)
		}
	}
}

func TestFollowTwice(t *testing.T) {
	b := newBed(t)
	client := b.follow(t)
	if err := b.Follow(t.Context(), client); err == nil || !strings.Contains(err.Error(), "a cluster is followed already") {
		t.Errorf("the second Follow gives error %v", err)
	}
}

func TestFollowInVain(t *testing.T) {
	b := newBed(t)
	client := fake.NewClientset(newService())
	client.PrependReactor("list", "services", func(k8stesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("services is forbidden")
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := b.Follow(ctx, client)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "services is forbidden") {
		t.Errorf("Follow gives error %v, want the deadline and why", err)
	}
	address := b.echo(t, "my-api-server/0")
	b.follow(t, newService(), newSlice(address))
	talk(t, b.mustDial(t, clusterIP))
}

func TestFollowEndsWithTheNetwork(t *testing.T) {
	n := network.New(nil)
	client := fake.NewClientset()
	listed := make(chan struct{}, 1)
	client.PrependReactor("list", "services", func(k8stesting.Action) (bool, runtime.Object, error) {
		select {
		case listed <- struct{}{}:
		default:
		}
		return true, nil, errors.New("not yet")
	})
	done := make(chan error, 1)
	go func() { done <- n.Follow(context.Background(), client) }()
	<-listed
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil {
		t.Error("Follow says that it is synced though nothing was ever listed")
	}
	if err := n.Follow(t.Context(), client); err == nil || !strings.Contains(err.Error(), "the network is closed") {
		t.Errorf("Follow on a closed network gives error %v", err)
	}
}
