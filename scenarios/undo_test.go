// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestUnwind(t *testing.T) {
	var u undoStack
	var order []string
	push := func(name string, err error) {
		u.push(name, func(context.Context) error {
			order = append(order, name)
			return err
		})
	}
	push("first", nil)
	push("second", errors.New("no way"))
	u.push("third", func(context.Context) error { panic("oh dear") })
	push("fourth", nil)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := u.unwind(ctx)
	if got, want := strings.Join(order, " "), "fourth second first"; got != want {
		t.Errorf("undone in the order %s, want %s: the latest first, and all of them", got, want)
	}
	if got, want := err.Error(), "undo third: panic: oh dear\nundo second: no way"; got != want {
		t.Errorf("error\n%s\nwant\n%s", got, want)
	}
	if err := u.unwind(ctx); err != nil || len(order) != 3 {
		t.Errorf("a second time: %v, after %v; want nothing to do", err, order)
	}
}

func TestUnwindPushedMeanwhile(t *testing.T) {
	var u undoStack
	var order []string
	u.push("outer", func(context.Context) error {
		u.push("inner", func(context.Context) error {
			order = append(order, "inner")
			return nil
		})
		return nil
	})
	if err := u.unwind(t.Context()); err != nil || len(order) != 1 {
		t.Errorf("%v, undone %v; want what an undo itself leaves behind undone too", err, order)
	}
}

func TestUnwindHasItsOwnLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var u undoStack
		after := false
		u.push("first", func(ctx context.Context) error {
			after = true
			return ctx.Err()
		})
		u.push("stuck", func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		})
		err := u.unwind(t.Context())
		if err == nil || !strings.Contains(err.Error(), "undo stuck: undoing took longer than 1m0s") {
			t.Errorf("error %v, want that undoing took too long", err)
		}
		if !after || time.Since(began) != undoLimit {
			t.Errorf("the others were tried: %t, after %s; want them tried after %s", after, time.Since(began), undoLimit)
		}
	})
}
