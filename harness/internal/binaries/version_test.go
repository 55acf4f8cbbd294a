// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"slices"
	"testing"
)

func TestNormalizeVersion(t *testing.T) {
	tests := []struct {
		version, want string
		reason        string
	}{
		{"v1.37.2", "v1.37.2", "the form of tags"},
		{"1.37.2", "v1.37.2", "the form of setup-envtest"},
		{"v1.38.0-alpha.1", "v1.38.0-alpha.1", "a pre-release"},
		{"1.37", "", "a series is no version: it would mean another each month"},
		{"v0.37.2", "", "that of a staging module"},
		{"1.037.2", "", "a leading zero is no version"},
		{"1.37.2+k3s1", "", "a distribution's version has no source in k8s.io/kubernetes"},
		{"latest", "", "a word"},
		{"", "", "nothing"},
		{"vv1.37.2", "", "one v too many"},
		{"v1.37.2/..", "", "part of a path"},
	}
	for _, test := range tests {
		got, err := NormalizeVersion(test.version)
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%q (%s): got %q, %v", test.version, test.reason, got, err)
		}
	}
}

func FuzzNormalizeVersion(f *testing.F) {
	for _, seed := range []string{"v1.37.2", "1.38.0-rc.0", "1.37", "v1.9999.9999", "v1.37.2\n", "v1.99999999999999999999.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		version, err := NormalizeVersion(text)
		if err != nil {
			return
		}
		if again, err := NormalizeVersion(version); again != version || err != nil {
			t.Errorf("%q became %q, which becomes %q, %v", text, version, again, err)
		}
		if text != version && "v"+text != version {
			t.Errorf("%q became %q", text, version)
		}
		if etcdVersion(version) == "" || stagingVersion(version)[:3] != "v0." {
			t.Errorf("%q has no etcd or no staging version", version)
		}
	})
}

func TestCompareVersions(t *testing.T) {
	sorted := []string{"v1.9.0", "v1.36.10", "v1.37.0-alpha.1", "v1.37.0-rc.0", "v1.37.0", "v1.37.2", "v1.37.10"}
	got := slices.Clone(sorted)
	slices.Reverse(got)
	slices.SortFunc(got, compareVersions)
	if !slices.Equal(got, sorted) {
		t.Errorf("got %v", got)
	}
}

func TestEtcdVersion(t *testing.T) {
	for _, test := range []struct{ version, want, reason string }{
		{DefaultVersion, "v3.7.3", "the pinned one"},
		{"v1.36.4", "v3.6.8", "the table"},
		{"v1.20.0", "v3.5.16", "older than the table: its oldest"},
		{"v1.99.0", "v3.7.3", "newer than the table: the newest known"},
	} {
		if got := etcdVersion(test.version); got != test.want {
			t.Errorf("%s (%s): got %s, want %s", test.version, test.reason, got, test.want)
		}
	}
}
