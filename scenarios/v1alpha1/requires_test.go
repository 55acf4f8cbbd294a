// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "testing"

func TestRequires(t *testing.T) {
	for _, tc := range []struct {
		versions, kubernetes, reason string
		want                         bool
	}{
		{"", "v1.20.0", "no range allows all", true},
		{">=1.36", "v1.36.0", "the first of a minor version", true},
		{">=1.36", "v1.37.2", "a later one", true},
		{">=1.36", "v1.35.9", "an earlier one", false},
		{">1.36", "v1.36.4", "after a minor version is after all its patches", false},
		{"<=1.36", "v1.36.4", "up to a minor version is with all its patches", true},
		{"1.36", "v1.36.4", "a minor version alone", true},
		{"1.36", "v1.37.0", "a minor version alone, another one", false},
		{">=v1.35.1 <v1.38", "v1.37.2", "two bounds, written with v", true},
		{">=1.35 <1.37", "v1.37.2", "two bounds, outside", false},
		{"1.35 || 1.37", "v1.37.2", "either", true},
		{">=1.37", "v1.37.0-rc.1", "a candidate comes before its version", false},
		{">=1.37.0-rc.0", "v1.37.0-rc.1", "a candidate that is asked for", true},
	} {
		got, err := (&Requires{Kubernetes: tc.versions}).Allows(tc.kubernetes)
		if err != nil || got != tc.want {
			t.Errorf("%s: %q allows %s = %v, %v, want %v", tc.reason, tc.versions, tc.kubernetes, got, err, tc.want)
		}
	}
	if ok, err := (*Requires)(nil).Allows("v1.0.0"); !ok || err != nil {
		t.Errorf("no requirements allow v1.0.0 = %v, %v", ok, err)
	}
	if _, err := (&Requires{Kubernetes: "new"}).Allows("v1.0.0"); err == nil {
		t.Error("a range that is none has no error")
	}
	if _, err := (&Requires{Kubernetes: ">=1.36"}).Allows("latest"); err == nil {
		t.Error("a version that is none has no error")
	}
}
