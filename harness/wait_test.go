// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitForLooksUntilItIsTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		var never signal
		err := waitFor(t.Context(), never.wait, func(context.Context) (bool, string) {
			looks++
			return looks == 3, "not yet"
		})
		if err != nil || looks != 3 {
			t.Fatalf("got %v after %d looks, want none after 3", err, looks)
		}
	})
}

func TestWaitForLooksAtAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var changes signal
		began := time.Now()
		var changed atomic.Bool
		go func() {
			time.Sleep(pollEvery / 10)
			changed.Store(true)
			changes.raise()
		}()
		err := waitFor(t.Context(), changes.wait, func(context.Context) (bool, string) { return changed.Load(), "unchanged" })
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != pollEvery/10 {
			t.Errorf("took %s: the change did not wake it", took)
		}
	})
}

func TestWaitForSaysWhatItSawLastAndSinceWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		var never signal
		err := waitFor(ctx, never.wait, func(context.Context) (bool, string) {
			if time.Since(began) < time.Second {
				return false, "starting"
			}
			return false, "503 service unavailable"
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		if want := "after 3s; for the last 2s: 503 service unavailable"; !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	})
}

func TestRingKeepsTheLastLines(t *testing.T) {
	for _, test := range []struct {
		reason string
		writes []string
		n      int
		want   string
	}{
		{"whole lines", []string{"a\n", "b\n"}, 5, "a|b"},
		{"a line in pieces", []string{"a", "b\nc\n"}, 5, "ab|c"},
		{"an unfinished line counts", []string{"a\nb"}, 5, "a|b"},
		{"older lines go", []string{"a\nb\nc\nd\n"}, 5, "b|c|d"},
		{"as many as are asked for", []string{"a\nb\n"}, 1, "b"},
		{"nothing", nil, 5, ""},
	} {
		r := newRing(3)
		for _, text := range test.writes {
			if _, err := r.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(r.tail(test.n), "|"); got != test.want {
			t.Errorf("%s: got %q, want %q", test.reason, got, test.want)
		}
	}
}

func TestKubectlEnvIsItsOwn(t *testing.T) {
	got := strings.Join(kubectlEnv([]string{
		"PATH=/bin", "HOME=/home/me", "KUBECONFIG=/mine", "https_proxy=http://proxy", "KUBECTL_EXPLAIN_OPENAPIV3=1", "LANG=C",
	}, "/dir", "/config"), " ")
	if want := "PATH=/bin LANG=C HOME=/dir KUBECONFIG=/config"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
