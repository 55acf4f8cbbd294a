// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"strings"
	"testing"
)

func TestControllerNames(t *testing.T) {
	cases := []struct {
		reason     string
		given      []string
		kubernetes string
		want, err  string
	}{
		{"short and whole names mean the same", []string{"deployment", "replicaset-controller"}, DefaultKubernetes, "deployment-controller,replicaset-controller", ""},
		{"a version may be written without its v", []string{"job"}, strings.TrimPrefix(DefaultKubernetes, "v"), "job-controller", ""},
		{"all but one", []string{"*", "-ttl"}, DefaultKubernetes, "*,-ttl-controller", ""},
		{"a wrong name is found before anything starts", []string{"deploymnet"}, DefaultKubernetes, "", `has no controller "deploymnet": there are bootstrap-signer`},
		{"one that is to be left out is a name too", []string{"-deploymnet"}, DefaultKubernetes, "", `has no controller "-deploymnet"`},
		{"what another version has is not known here", []string{"brand-new"}, "v1.99.0", "brand-new-controller", ""},
		{"none", nil, DefaultKubernetes, "", ""},
	}
	for _, tc := range cases {
		t.Run(tc.reason, func(t *testing.T) {
			got, err := controllerNames(tc.given, tc.kubernetes)
			if got != tc.want || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("got %q, error %v, want %q, %q", got, err, tc.want, tc.err)
			}
		})
	}
}
