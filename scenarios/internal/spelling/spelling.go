// SPDX-License-Identifier: Apache-2.0

// Package spelling finds the name that somebody may have meant.
package spelling

import (
	"fmt"
	"strings"
)

// Nearest is the known name that is closest to the one that was found, or "" if
// none is close: more than a third of the letters, and more than one, differ.
// Of two that are equally close it is the first.
func Nearest(found string, known []string) string {
	limit := max(len([]rune(found))/3, 1)
	best, bestDistance := "", limit+1
	for _, name := range known {
		d := distance(strings.ToLower(found), strings.ToLower(name))
		if d < bestDistance && d < len([]rune(name)) {
			best, bestDistance = name, d
		}
	}
	return best
}

// DidYouMean is `, did you mean "name"?` for the nearest name, or "" when none is close.
func DidYouMean(found string, known []string) string {
	if name := Nearest(found, known); name != "" {
		return fmt.Sprintf(", did you mean %q?", name)
	}
	return ""
}

// distance is how many letters must be added, left out, replaced or swapped
// with their neighbour to make one word of another.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	// Three rows of the usual table: a swap looks back two.
	older, old, row := make([]int, len(to)+1), make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(from); i++ {
		older, old, row = old, row, older
		row[0] = i
		for j := 1; j <= len(to); j++ {
			cost := 1
			if from[i-1] == to[j-1] {
				cost = 0
			}
			row[j] = min(old[j]+1, row[j-1]+1, old[j-1]+cost)
			if i > 1 && j > 1 && from[i-1] == to[j-2] && from[i-2] == to[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
	}
	return row[len(to)]
}
