// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

var (
	update    = flag.Bool("update", false, "write the golden files anew")
	updatePin = flag.Bool("update-pin", false, "make the pinned modules anew; needs a Go module proxy")
)

// childVariable makes the test binary call Ensure in the store that it names,
// so that tests can have several processes.
const childVariable = "AGGTEST_BINARIES_TEST_STORE"

func TestMain(m *testing.M) {
	if store := os.Getenv(childVariable); store != "" {
		os.Exit(child(store))
	}
	goleak.VerifyTestMain(m)
}

func child(store string) int {
	cfg := Config{
		Store: store, Go: os.Getenv(childVariable + "_GO"),
		Getenv: func(string) string { return "" }, Index: "http://127.0.0.1:0/index",
		Progress: func(e Event) { fmt.Println(e.Text) },
	}
	if _, err := Ensure(context.Background(), cfg); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}
