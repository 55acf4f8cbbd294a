// SPDX-License-Identifier: Apache-2.0

package timeline_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aggtest/aggtest/harness/timeline"
)

func action(i int) timeline.Action { return timeline.Action{What: fmt.Sprint(i)} }

func texts(entries []timeline.Entry) []string {
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Fact.String())
	}
	return all
}

func TestSince(t *testing.T) {
	var tl timeline.Timeline
	marks := []timeline.Mark{tl.Mark()}
	for i := range 3 {
		tl.Record(action(i))
		marks = append(marks, tl.Mark())
	}
	cases := []struct {
		mark   timeline.Mark
		want   []string
		reason string
	}{
		{0, []string{"0", "1", "2"}, "the zero mark is the beginning"},
		{marks[0], []string{"0", "1", "2"}, "a mark from before the first"},
		{marks[1], []string{"1", "2"}, "a mark is after what was recorded before it"},
		{marks[3], nil, "nothing came after the last"},
		{marks[3] + 1, nil, "a mark of a longer timeline"},
	}
	for _, tc := range cases {
		if diff := cmp.Diff(tc.want, texts(tl.Since(tc.mark))); diff != "" {
			t.Errorf("Since(%d) (-want +got): %s\n%s", tc.mark, tc.reason, diff)
		}
	}
}

func TestBetween(t *testing.T) {
	var tl timeline.Timeline
	for i := range 4 {
		tl.Record(action(i))
	}
	cases := []struct {
		from, to timeline.Mark
		want     []string
		reason   string
	}{
		{0, 4, []string{"0", "1", "2", "3"}, "all of it"},
		{1, 3, []string{"1", "2"}, "from one mark to another"},
		{1, 1, nil, "nothing came between a mark and itself"},
		{3, 1, nil, "nothing came between a mark and an earlier one"},
		{2, 9, []string{"2", "3"}, "a mark of a longer timeline"},
		{9, 12, nil, "two of them"},
	}
	for _, tc := range cases {
		if diff := cmp.Diff(tc.want, texts(tl.Between(tc.from, tc.to))); diff != "" {
			t.Errorf("Between(%d, %d) (-want +got): %s\n%s", tc.from, tc.to, tc.reason, diff)
		}
	}
}

func TestSinceIsACopy(t *testing.T) {
	var tl timeline.Timeline
	tl.Record(action(0))
	tl.Since(0)[0].Fact = action(9)
	if got := texts(tl.Since(0)); got[0] != "0" {
		t.Errorf("a caller has changed the timeline to %v", got)
	}
}

func TestRecordTellsTheTime(t *testing.T) {
	var tl timeline.Timeline
	before := time.Now()
	got := tl.Record(action(0))
	if got.Before(before) || got.After(time.Now()) {
		t.Errorf("recorded at %s, want now", got)
	}
	if entry := tl.Since(0)[0]; !entry.Time.Equal(got) {
		t.Errorf("the entry says %s, Record %s", entry.Time, got)
	}
}

func TestOf(t *testing.T) {
	var tl timeline.Timeline
	tl.Record(timeline.Dial{ID: 1})
	mark := tl.Mark()
	tl.Record(action(0))
	at := tl.Record(timeline.Dial{ID: 2})
	tl.Record(timeline.Hangup{ID: 1})
	tl.Record(timeline.Dial{ID: 3})

	var got []uint64
	for _, entry := range timeline.Of[timeline.Dial](&tl, mark) {
		got = append(got, entry.Fact.ID)
	}
	if diff := cmp.Diff([]uint64{2, 3}, got); diff != "" {
		t.Errorf("dials after the mark (-want +got):\n%s", diff)
	}
	if first := timeline.Of[timeline.Dial](&tl, mark)[0]; !first.Time.Equal(at) {
		t.Errorf("the dial is of %s, want %s", first.Time, at)
	}
	if got := timeline.Of[timeline.Fault](&tl, 0); got != nil {
		t.Errorf("faults: %v, there was none", got)
	}
}

func TestFirst(t *testing.T) {
	var tl timeline.Timeline
	tl.Record(timeline.Dial{ID: 1, Err: "refused"})
	mark := tl.Mark()
	tl.Record(action(0))
	tl.Record(timeline.Dial{ID: 2})
	at := tl.Record(timeline.Dial{ID: 3, Err: "refused"})
	tl.Record(timeline.Dial{ID: 4, Err: "refused"})
	refused := func(d timeline.Dial) bool { return d.Err != "" }

	got, ok := timeline.First(&tl, mark, refused)
	if !ok || got.Fact.ID != 3 || !got.Time.Equal(at) {
		t.Errorf("the first refused dial after the mark is %v, %t, want dial 3", got, ok)
	}
	if got, ok := timeline.First[timeline.Dial](&tl, mark, nil); !ok || got.Fact.ID != 2 {
		t.Errorf("the first dial of any kind is %v, %t, want dial 2", got, ok)
	}
	if got, ok := timeline.First(&tl, mark, func(timeline.Hangup) bool { return true }); ok {
		t.Errorf("found %v, there was no hang-up", got)
	}
}

// The moments of entries are told from the first one, by the monotonic clock.
func TestAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tl timeline.Timeline
		time.Sleep(time.Hour)
		tl.Record(action(0))
		time.Sleep(1500 * time.Millisecond)
		tl.Record(action(1))
		var got []time.Duration
		for _, entry := range tl.Since(0) {
			got = append(got, entry.At)
		}
		if diff := cmp.Diff([]time.Duration{0, 1500 * time.Millisecond}, got); diff != "" {
			t.Errorf("seconds from the first entry (-want +got):\n%s", diff)
		}
	})
}

func TestListen(t *testing.T) {
	var tl timeline.Timeline
	tl.Record(action(0))
	var first, second []string
	stopFirst := tl.Listen(func(entry timeline.Entry) { first = append(first, entry.Fact.String()) })
	stopSecond := tl.Listen(func(entry timeline.Entry) { second = append(second, entry.Fact.String()) })
	tl.Record(action(1))
	stopFirst()
	stopFirst()
	tl.Record(action(2))
	stopSecond()
	tl.Record(action(3))
	if diff := cmp.Diff([]string{"1"}, first); diff != "" {
		t.Errorf("the first heard, from its start to its stop (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1", "2"}, second); diff != "" {
		t.Errorf("the second heard, though the first had stopped (-want +got):\n%s", diff)
	}
}

func TestNil(t *testing.T) {
	var tl *timeline.Timeline
	if at := tl.Record(action(0)); at.IsZero() {
		t.Error("Record gives no time, which its callers reckon with")
	}
	stop := tl.Listen(func(timeline.Entry) { t.Error("a listener of no timeline was told something") })
	tl.Record(action(1))
	stop()
	if mark := tl.Mark(); mark != 0 {
		t.Errorf("the mark is %d, want 0", mark)
	}
	if got := tl.Since(0); got != nil {
		t.Errorf("entries: %v, want none", got)
	}
	if got := tl.Between(0, 9); got != nil {
		t.Errorf("entries between: %v, want none", got)
	}
	if got := timeline.Of[timeline.Action](tl, 0); got != nil {
		t.Errorf("actions: %v, want none", got)
	}
	if got, ok := timeline.First[timeline.Action](tl, 0, nil); ok {
		t.Errorf("the first action is %v, want none", got)
	}
}

// Times never go back along the list, whoever records.
func TestOrder(t *testing.T) {
	var tl timeline.Timeline
	heard := 0
	defer tl.Listen(func(timeline.Entry) { heard++ })()
	var owned sync.WaitGroup
	for range 8 {
		owned.Go(func() {
			for i := range 100 {
				tl.Record(action(i))
			}
		})
	}
	owned.Wait()
	entries := tl.Since(0)
	if len(entries) != 800 || heard != 800 {
		t.Errorf("%d entries and %d heard, want 800", len(entries), heard)
	}
	for i := 1; i < len(entries); i++ {
		if entries[i].Time.Before(entries[i-1].Time) {
			t.Fatalf("entry %d is of %s, after one of %s", i, entries[i].Time, entries[i-1].Time)
		}
	}
}

// What happened since a mark, of one kind.
func ExampleOf() {
	var tl timeline.Timeline
	tl.Record(timeline.Dial{From: "kube-apiserver-0", Address: "10.0.0.7:443", To: "my-api-server/0", ID: 1})
	mark := tl.Mark()
	tl.Record(timeline.Fault{On: "everybody to my-api-server", What: "new connections are refused"})
	tl.Record(timeline.Dial{From: "kube-apiserver-0", Address: "10.0.0.7:443", Err: "nothing listens at 10.0.0.7:443"})

	for _, entry := range timeline.Of[timeline.Dial](&tl, mark) {
		fmt.Println(entry.Fact)
	}
	// Output:
	// kube-apiserver-0 dials 10.0.0.7:443: nothing listens at 10.0.0.7:443
}
