// SPDX-License-Identifier: Apache-2.0

package selection_test

import (
	"fmt"

	"github.com/aggtest/aggtest/scenarios/catalog"
	"github.com/aggtest/aggtest/scenarios/selection"
)

func ExampleResolve() {
	cases, err := catalog.Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := selection.Resolve(cases, []string{"registration/invalid-refused"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range found {
		fmt.Println(c.FullName())
	}
	_, err = selection.Resolve(cases, []string{"tsl"})
	fmt.Println(err)
	// Output:
	// registration/invalid-refused-name
	// registration/invalid-refused-group-priority
	// registration/invalid-refused-version-priority
	// there is no scenario, family or file "tsl": did you mean "tls"?
}
