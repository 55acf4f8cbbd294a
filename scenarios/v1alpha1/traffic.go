// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Traffic is a request that is repeated in the background from now on until the
// scenario ends, through each kube-apiserver by itself.
type Traffic struct {
	// Name by which expectations look at it.
	Name string `json:"name"`
	// Get is the path, with the query, of the GET. One with watch=true stays open and is begun again when it ends.
	Get string `json:"get"`
	// Every is the time from one request to the next. 100ms when empty.
	Every Duration `json:"every,omitempty"`
	// Timeout bounds one request that is no watch. 10s when empty.
	Timeout Duration `json:"timeout,omitempty"`
	// Headers of the requests.
	Headers map[string]string `json:"headers,omitempty"`
	// As is a given user. The administrator when empty.
	As string `json:"as,omitempty"`
	// APIServer is which kube-apiserver is asked, from 0. Every one when not set.
	APIServer *int `json:"apiServer,omitempty"`
}

// TrafficOf chooses answers of background requests. What is expected must hold
// for each kube-apiserver by itself.
type TrafficOf struct {
	// Name of the traffic.
	Name string `json:"name"`
	// APIServer is the kube-apiserver that was asked, from 0. Each that the traffic asks when not set.
	APIServer *int `json:"apiServer,omitempty"`
	// Window is how far back answers count. From the beginning of the step when empty.
	Window Duration `json:"window,omitempty"`
}

// ChangesOf chooses changes of an APIService's condition.
type ChangesOf struct {
	// APIService is the object's name, version.group.
	APIService string `json:"apiService"`
	// APIServer is the kube-apiserver that showed them, from 0. Each by itself when not set.
	APIServer *int `json:"apiServer,omitempty"`
}
