// SPDX-License-Identifier: Apache-2.0

package selection

import (
	"fmt"
	"strings"

	"github.com/aggtest/aggtest/scenarios/v1alpha1"
)

func unknownError(catalogue []*v1alpha1.Case, argument string) error {
	known := Names(catalogue)
	if name := nearest(argument, known); name != "" {
		return fmt.Errorf("there is no scenario, family or file %q: did you mean %q?", argument, name)
	}
	return fmt.Errorf("there is no scenario, family or file %q: aggtest list shows what there is", argument)
}

// nearest gives the known name with the fewest edits from what was typed, or ""
// when even that one differs in more than a third of its letters. A name without
// its family is compared with names without theirs.
func nearest(typed string, known []string) string {
	best, fewest := "", 0
	for _, name := range known {
		compared := name
		if !strings.Contains(typed, "/") {
			compared = compared[strings.LastIndex(compared, "/")+1:]
		}
		edits := distance(typed, compared)
		if edits*3 <= max(len(typed), len(compared)) && (best == "" || edits < fewest) {
			best, fewest = name, edits
		}
	}
	return best
}

// distance counts the letters to insert, remove, replace or swap with their
// neighbour to make one text of the other.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	// Row i holds the distances of from[:i] to each to[:j].
	rows := make([][]int, len(from)+1)
	for i := range rows {
		rows[i] = make([]int, len(to)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(from); i++ {
		for j := 1; j <= len(to); j++ {
			replace := 1
			if from[i-1] == to[j-1] {
				replace = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+replace)
			if i > 1 && j > 1 && from[i-1] == to[j-2] && from[i-2] == to[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(from)][len(to)]
}
