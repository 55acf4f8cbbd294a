// SPDX-License-Identifier: Apache-2.0

package selection

import (
	"fmt"
	"strings"

	"github.com/aggtest/aggtest/scenarios/internal/spelling"
	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func unknownError(catalogue []*v1alpha1.Case, argument string) error {
	if name := nearest(argument, Names(catalogue)); name != "" {
		return fmt.Errorf("there is no scenario, family or file %q: did you mean %q?", argument, name)
	}
	return fmt.Errorf("there is no scenario, family or file %q: aggtest list shows what there is", argument)
}

// nearest gives the known name that is closest to what was typed, or "" when
// none is close. A name without its family is compared with names without
// theirs.
func nearest(typed string, known []string) string {
	if strings.Contains(typed, "/") {
		return spelling.Nearest(typed, known)
	}
	short := make([]string, len(known))
	for i, name := range known {
		short[i] = name[strings.LastIndex(name, "/")+1:]
	}
	found := spelling.Nearest(typed, short)
	for i, name := range short {
		if found != "" && name == found {
			return known[i]
		}
	}
	return ""
}
