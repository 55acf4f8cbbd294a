// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"regexp"
	"strconv"
	"strings"
)

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// fieldPath adds a key to the path of a map, in quotes when it is not a plain word.
func fieldPath(path, key string) string {
	if !plainKey.MatchString(key) {
		return path + "[" + strconv.Quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// itemPath adds an index to the path of a list.
func itemPath(path string, index int) string {
	return path + "[" + strconv.Itoa(index) + "]"
}

// parentPath leaves out the last part of a path. A quoted key with a dot in it
// may take more than one step.
func parentPath(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// isBelow is true for a path inside another's field, and for that field itself.
func isBelow(path, parent string) bool {
	rest, ok := strings.CutPrefix(path, parent)
	return ok && (parent == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}
