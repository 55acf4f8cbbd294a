// SPDX-License-Identifier: Apache-2.0

package timeline

import "testing"

func TestNames(t *testing.T) {
	cases := []struct{ text, want, reason string }{
		{"10.0.0.1 and 10.0.0.2 and 10.0.0.1", "ip-1 and ip-2 and ip-1", "an address keeps its name"},
		{"dial tcp 10.0.0.1:443: connect: connection refused", "dial tcp ip-1:443: connect: connection refused", "a port that somebody chose stays"},
		{"https://10.0.0.1:31234/apis", "https://ip-1:port-1/apis", "a NodePort is random"},
		{"localhost:43211, name.ns.svc:43211", "localhost:port-1, name.ns.svc:port-1", "so are ports of names"},
		{"[fd00::1]:443 fd00::1 [::1]:40000", "ip-1:443 ip-1 ip-2:port-1", "IPv6"},
		{"fd00::, next", "ip-1, next", "an address that ends in colons"},
		{"read tcp 10.0.0.1:1234->10.0.0.2:443: reset", "read tcp ip-1:*->ip-2:443: reset", "the port that a connection comes from"},
		{"[10.0.0.1 10.0.0.2]", "[ip-1 ip-2]", "a list as Go prints it"},
		{`"10.0.0.0/24"`, `"ip-1/24"`, "a network"},
		{"v1.37.2 of 1.2.3, 1.2.3.4.5 at 18:11:09", "v1.37.2 of 1.2.3, 1.2.3.4.5 at 18:11:09", "versions and times of day are no addresses"},
		{"kube-apiserver-0 my-api-server/1 a::b std::x", "kube-apiserver-0 my-api-server/1 a::b std::x", "names are no addresses"},
		{"uid 3f2504e0-4f89-11d3-9a0c-0305e82c3301, pvc-3f2504e0-4f89-11d3-9a0c-0305e82c3301", "uid uid-1, pvc-uid-1", "a UID, alone or in a name"},
		{`resourceVersion="123" "resourceVersion":"124" resource version: 123`, `resourceVersion="rv-1" "resourceVersion":"rv-2" resource version: rv-1`, "however it is written"},
		{"pid 17 PID=18 rapid 5", "pid pid-1 PID=pid-2 rapid 5", "process ids"},
		{"current time 2026-11-23T18:00:03Z is after 2026-11-23T17:00:00+01:00", "current time some-time is after some-time", "as x509 says it"},
		{"2026-11-23 18:00:03.123 +0000 UTC m=+1.5", "some-time", "as Go prints it"},
		{"for 3.214159s, within 10s, after 1.5s, 12.34ms, 1m2.25s, 3.14", "for some-time, within 10s, after 1.5s, some-time, some-time, 3.14", "what was measured and what was chosen"},
		{"/tmp/aggtest-3141592653/log /tmp/aggtest-0a1b2c3d/log /tmp/TestX123456/001", "/tmp/tmp-1/log /tmp/tmp-2/log /tmp/tmp-3/001", "folders with random names"},
		{"/apis/apps/v1/deployments/a-b", "/apis/apps/v1/deployments/a-b", "other paths"},
		{"1.1.1.1.1.1.1", "1.1.1.1.1.1.1", "not even the beginning of it is an address"},
	}
	for _, tc := range cases {
		if got := newNames().replace(tc.text); got != tc.want {
			t.Errorf("%q becomes %q, want %q: %s", tc.text, got, tc.want, tc.reason)
		}
	}
}

// The second pass finds nothing, whatever the first made of the text.
func FuzzNames(f *testing.F) {
	for _, text := range []string{
		"", "10.0.0.1:40000->[fd00::1]:443", "resourceVersion=1pid 2", "2026-11-23T18:00:03Z:40000", "/a123456/b-deadbeef",
		"3f2504e0-4f89-11d3-9a0c-0305e82c33013f2504e0-4f89-11d3-9a0c-0305e82c3301", "1.25s1.25s [1.1.1.1]:[::", "\xff::1%%\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := newNames().replace(text)
		if twice := newNames().replace(once); twice != once {
			t.Errorf("%q becomes %q, and that becomes %q", text, once, twice)
		}
		hidden := masked(text)
		if again := masked(hidden); again != hidden {
			t.Errorf("%q is masked as %q, and that as %q", text, hidden, again)
		}
	})
}
