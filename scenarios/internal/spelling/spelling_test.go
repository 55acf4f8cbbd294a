// SPDX-License-Identifier: Apache-2.0

package spelling

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"servers", "services", "apiServices", "namespaces", "as", "get"}
	for _, tc := range []struct {
		found, want, reason string
	}{
		{"sevrers", "servers", "two letters swapped"},
		{"server", "servers", "a letter left out"},
		{"Servers", "servers", "only the case differs"},
		{"apiServcies", "apiServices", "a swap in a long word"},
		{"namespace", "namespaces", "the singular"},
		{"gte", "get", "a short word may have one mistake"},
		{"xyz", "", "nothing is close"},
		{"", "", "nothing was written"},
		{"b", "", "replacing every letter is no nearness"},
	} {
		if got := Nearest(tc.found, known); got != tc.want {
			t.Errorf("%s: Nearest(%q) = %q, want %q", tc.reason, tc.found, got, tc.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b   string
		want   int
		reason string
	}{
		{"", "", 0, "the same"},
		{"abc", "", 3, "all left out"},
		{"abc", "acb", 1, "a swap is one step"},
		{"kitten", "sitting", 3, "two replaced, one added"},
		{"für", "fur", 1, "letters are counted, not bytes"},
	} {
		if got := distance(tc.a, tc.b); got != tc.want {
			t.Errorf("%s: distance(%q, %q) = %d, want %d", tc.reason, tc.a, tc.b, got, tc.want)
		}
		if got := distance(tc.b, tc.a); got != tc.want {
			t.Errorf("%s: distance(%q, %q) = %d, want %d", tc.reason, tc.b, tc.a, got, tc.want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	if got, want := DidYouMean("gett", []string{"get"}), `, did you mean "get"?`; got != want {
		t.Errorf("DidYouMean = %q, want %q", got, want)
	}
	if got := DidYouMean("post", []string{"get"}); got != "" {
		t.Errorf("DidYouMean of a far word = %q, want nothing", got)
	}
}
