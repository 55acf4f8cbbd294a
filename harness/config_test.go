// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aggtest/aggtest/harness/pki"
)

func TestConfigEach(t *testing.T) {
	for _, test := range []struct {
		reason  string
		config  Config
		number  int
		flags   map[string]string
		without []string
		env     map[string]string
		version string
	}{
		{"nothing special", Config{}, 0, nil, nil, nil, DefaultKubernetes},
		{"a list that is too short says nothing", Config{APIServers: 2, Each: []APIServerConfig{{Flags: map[string]string{"v": "5"}}}}, 1,
			nil, nil, nil, DefaultKubernetes},
		{"one's own goes over everybody's", Config{
			Kubernetes: "v1.36.0",
			Flags:      map[string]string{"v": "2", "profiling": "false"}, WithoutFlags: []string{"allow-privileged"},
			Env: map[string]string{"A": "1", "B": "1"},
			Each: []APIServerConfig{{
				Flags: map[string]string{"v": "5", "audit-log-path": ""}, WithoutFlags: []string{"authorization-mode"},
				Env: map[string]string{"B": "2"}, Kubernetes: "v1.37.2",
			}},
		}, 0,
			map[string]string{"v": "5", "profiling": "false", "audit-log-path": ""}, []string{"allow-privileged", "authorization-mode"},
			map[string]string{"A": "1", "B": "2"}, "v1.37.2"},
		{"names are a list", Config{FrontProxy: FrontProxyConfig{AllowedNames: []string{"one", "of,two"}}}, 0,
			map[string]string{"requestheader-allowed-names": `one,"of,two"`}, nil, nil, DefaultKubernetes},
		{"no names, and not nil, are any name", Config{FrontProxy: FrontProxyConfig{AllowedNames: []string{}}}, 0,
			map[string]string{"requestheader-allowed-names": ""}, nil, nil, DefaultKubernetes},
		{"a flag that is set by name wins", Config{Flags: map[string]string{"requestheader-allowed-names": "x"}, FrontProxy: FrontProxyConfig{AllowedNames: []string{"y"}}}, 0,
			map[string]string{"requestheader-allowed-names": "x"}, nil, nil, DefaultKubernetes},
		{"no certificate is no flag, nor its key's", Config{FrontProxy: FrontProxyConfig{NoCertificate: true}}, 0,
			nil, []string{"proxy-client-cert-file", "proxy-client-key-file"}, nil, DefaultKubernetes},
	} {
		config := test.config.withDefaults()
		if err := config.validate(); err != nil {
			t.Errorf("%s: %v", test.reason, err)
		}
		got := config.each(test.number)
		if !maps.Equal(got.Flags, test.flags) || !slices.Equal(got.WithoutFlags, test.without) || !maps.Equal(got.Env, test.env) || got.Kubernetes != test.version {
			t.Errorf("%s: got %+v", test.reason, got)
		}
	}
}

func TestConfigValidate(t *testing.T) {
	for _, test := range []struct {
		reason string
		config Config
		want   string
	}{
		{"a negative number", Config{APIServers: -1}, "boot: -1 kube-apiservers: must not be negative"},
		{"special, but for none", Config{Each: make([]APIServerConfig, 2)}, "boot: something special for 2 kube-apiservers, and there are 1"},
		{"none cannot be bad", Config{FrontProxy: FrontProxyConfig{NoCertificate: true, Certificate: pki.Expired}},
			"boot: no front-proxy certificate, and one with fault Expired: choose one of them"},
	} {
		cluster, err := New(t.Context(), test.config)
		if err == nil {
			t.Errorf("%s: it booted", test.reason)
			_ = cluster.Close()
		} else if err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", test.reason, err, test.want)
		}
	}
}

func TestOfVersionForgetsWhatWasGivenOutright(t *testing.T) {
	asked := map[string]bool{}
	config := ofVersion(BinariesConfig{
		Version: "v1.37.2", Store: "/store", Paths: map[BinaryName]string{KubeAPIServerBinary: "/given"},
		Getenv: func(name string) string { asked[name] = true; return "value of " + name },
	}, "v1.36.0")
	if config.Version != "v1.36.0" || config.Store != "/store" || len(config.Paths) > 0 {
		t.Errorf("got %+v", config)
	}
	for name, want := range map[string]string{
		"KUBEBUILDER_ASSETS": "", "TEST_ASSET_KUBE_APISERVER": "", "AGGTEST_BINARIES_DIR": "value of AGGTEST_BINARIES_DIR",
	} {
		if got := config.Getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestSameVersion(t *testing.T) {
	for _, test := range []struct {
		a, b, reason string
		same, wrong  bool
	}{
		{"v1.37.2", "1.37.2", "the v is optional", true, false},
		{"v1.37.2", "v1.37.1", "another patch", false, false},
		{"1.37", "v1.37.2", "not a whole version", false, true},
	} {
		same, err := sameVersion(test.a, test.b)
		if same != test.same || (err != nil) != test.wrong {
			t.Errorf("%s and %s: %t, %v: %s", test.a, test.b, same, err, test.reason)
		}
	}
}

func TestWithoutLeavesOneKindOut(t *testing.T) {
	other := errors.New("other")
	canceled := fmt.Errorf("delete: %w", context.Canceled)
	for _, test := range []struct {
		reason string
		err    error
		want   string
	}{
		{"nothing", nil, ""},
		{"another", other, "other"},
		{"the kind", canceled, ""},
		{"the kind alone, joined and wrapped", fmt.Errorf("close: %w", errors.Join(canceled, nil, canceled)), ""},
		{"both, joined and wrapped", fmt.Errorf("close: %w", errors.Join(canceled, other)), "other"},
		{"both, one below the other", errors.Join(other, fmt.Errorf("close: %w", errors.Join(canceled, other))), "other\nother"},
	} {
		got := ""
		if err := without(test.err, context.Canceled); err != nil {
			got = err.Error()
		}
		if strings.TrimSpace(got) != test.want {
			t.Errorf("%s: got %q, want %q", test.reason, got, test.want)
		}
	}
}
