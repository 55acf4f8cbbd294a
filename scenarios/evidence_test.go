// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestAbout(t *testing.T) {
	began := time.Date(2026, time.March, 4, 10, 30, 0, 0, time.Local)
	old := "I0304 10:29:59.999999   12 handler.go:309] Adding GroupVersion custom.example.com v1"
	ours := "I0304 10:30:00.000000   12 handler.go:309] Adding GroupVersion custom.example.com v1"
	others := "I0304 10:30:01.000000   12 handler.go:309] Adding GroupVersion other.example.com v1"
	plain := "\tcustom.example.com: a line that goes on"
	tests := []struct {
		name   string
		log    []string
		want   []string
		reason string
	}{
		{"ours since then", []string{old, ours, others, plain}, []string{ours, plain}, "a line without a head belongs to the one before"},
		{"none about us", []string{others}, []string{others}, "the end of the log is better than nothing"},
		{"nothing", nil, nil, "an empty log is no evidence"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := about(test.log, []string{"custom.example.com"}, began); !slices.Equal(got, test.want) {
				t.Errorf("kept %q, want %q: %s", got, test.want, test.reason)
			}
		})
	}
	var long []string
	for i := range 100 {
		long = append(long, fmt.Sprintf("custom.example.com %d", i))
	}
	got := about(long, []string{"custom.example.com"}, began)
	if len(got) != logLines || got[logLines-1] != "custom.example.com 99" {
		t.Errorf("of 100 lines %d are kept, the last of them %q; want the last %d", len(got), got[len(got)-1], logLines)
	}
}
