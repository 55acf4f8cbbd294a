// SPDX-License-Identifier: Apache-2.0

package network

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	cases := []struct {
		target, want, err, reason string
	}{
		{"10.0.0.1:443", "10.0.0.1:443", "", "a ClusterIP"},
		{"[fd00::1]:443", "[fd00::1]:443", "", "an IPv6 ClusterIP"},
		{"[::ffff:10.0.0.1]:443", "10.0.0.1:443", "", "one address has one spelling"},
		{"10.0.0.1:65535", "10.0.0.1:65535", "", "the last port"},
		{"10.0.0.1", "", `"10.0.0.1" is not host:port`, "no port"},
		{"", "", `"" is not host:port`, "nothing"},
		{"10.0.0.1:", "", `the port of "10.0.0.1:" is not 1 to 65535`, "an empty port"},
		{"10.0.0.1:0", "", `the port of "10.0.0.1:0" is not 1 to 65535`, "port 0 is no port"},
		{"10.0.0.1:65536", "", `the port of "10.0.0.1:65536" is not 1 to 65535`, "one too many"},
		{"10.0.0.1:https", "", `the port of "10.0.0.1:https" is not 1 to 65535`, "ports have no names"},
		{"10.0.0.1:-1", "", `the port of "10.0.0.1:-1" is not 1 to 65535`, "a negative port"},
		{"10.0.0.01:443", "", `the host of "10.0.0.01:443" is not an IP address`, "a leading zero may be octal to others"},
		{"fd00::1:443", "", `"fd00::1:443" is not host:port`, "IPv6 without brackets has no clear port"},
		{"example.com:443", "", `the host of "example.com:443" is not an IP address; this network has no DNS`, "a name"},
		{"[fe80::1%eth0]:443", "", `the host of "[fe80::1%eth0]:443" has a zone`, "a zone is an interface of this machine"},
		{":443", "", `the host of ":443" is not an IP address`, "no host"},
	}
	for _, tc := range cases {
		got, err := parseTarget(tc.target)
		switch {
		case tc.err == "" && (err != nil || got.String() != tc.want):
			t.Errorf("parseTarget(%q) = %v, %v, want %s: %s", tc.target, got, err, tc.want, tc.reason)
		case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)):
			t.Errorf("parseTarget(%q) gives error %v, want %q: %s", tc.target, err, tc.err, tc.reason)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, seed := range []string{"10.0.0.1:443", "[fd00::1]:443", "[::ffff:1.2.3.4]:1", "a:b", "[fe80::1%lo]:80", ":", "[]:1", "1.2.3.4:00443"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		address, err := parseTarget(target)
		if err != nil {
			if address != (netip.AddrPort{}) {
				t.Errorf("parseTarget(%q) gives %v with an error", target, address)
			}
			return
		}
		if !address.IsValid() || address.Port() == 0 || address.Addr().Zone() != "" || address.Addr().Is4In6() {
			t.Errorf("parseTarget(%q) = %v, which is no plain address", target, address)
		}
		if again, err := parseTarget(address.String()); err != nil || again != address {
			t.Errorf("parseTarget(%q) = %v, which reads as %v, %v", target, address, again, err)
		}
	})
}

func TestParseLocal(t *testing.T) {
	cases := []struct {
		text, network, address, err, reason string
	}{
		{"127.0.0.1:6443", "tcp", "127.0.0.1:6443", "", "a port of this machine"},
		{"127.1.2.3:6443", "tcp", "127.1.2.3:6443", "", "all of 127.0.0.0/8 is loopback"},
		{"[::1]:6443", "tcp", "[::1]:6443", "", "so is ::1"},
		{"localhost:6443", "tcp", "127.0.0.1:6443", "", "the name is not looked up"},
		{"/run/server.sock", "unix", "/run/server.sock", "", "a UNIX socket"},
		{"server.sock", "", "", "is neither host:port nor the absolute path", "a relative path depends on where one is"},
		{"0.0.0.0:6443", "", "", "is not a loopback address", "where one listens, not where one dials"},
		{"192.168.0.1:6443", "", "", "is not a loopback address; nothing may leave this machine", "another machine"},
		{"example.com:6443", "", "", "is not a loopback address", "a name may lead anywhere"},
		{"127.0.0.1:0", "", "", "is not 1 to 65535", "port 0 is no port"},
		{"127.0.0.1:https", "", "", "is not 1 to 65535", "ports have no names"},
		{"", "", "", "is neither host:port", "nothing"},
	}
	for _, tc := range cases {
		got, err := parseLocal(tc.text)
		switch {
		case tc.err == "" && (err != nil || got.network != tc.network || got.address != tc.address):
			t.Errorf("parseLocal(%q) = %v, %v, want %s %s: %s", tc.text, got, err, tc.network, tc.address, tc.reason)
		case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)):
			t.Errorf("parseLocal(%q) gives error %v, want %q: %s", tc.text, err, tc.err, tc.reason)
		}
	}
}
