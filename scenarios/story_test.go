// SPDX-License-Identifier: Apache-2.0

package scenarios

import "testing"

func TestIsOn(t *testing.T) {
	tests := []struct {
		reason string
		on     string
		want   bool
	}{
		{"the server", "my-api-server", true},
		{"one of its replicas", "my-api-server/1", true},
		{"a link to it", "everybody to my-api-server", true},
		{"a link to a replica", "kube-apiserver-0 to my-api-server/0", true},
		{"the way back", "my-api-server to everything", true},
		{"a name that begins alike", "my-api-server-2", false},
		{"a kube-apiserver", "kube-apiserver-0", false},
	}
	for _, test := range tests {
		if got := isOn(test.on, "my-api-server"); got != test.want {
			t.Errorf("%s: a fault on %q is on the server: %t, want %t", test.reason, test.on, got, test.want)
		}
	}
}
