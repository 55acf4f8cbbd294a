// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/blang/semver/v4"
)

// Allows is true when a version of Kubernetes, such as v1.37.2, is in the range.
// Nil requirements and an empty range allow every version.
func (r *Requires) Allows(kubernetes string) (bool, error) {
	if r == nil || r.Kubernetes == "" {
		return true, nil
	}
	allowed, err := parseRange(r.Kubernetes)
	if err != nil {
		return false, err
	}
	version, err := semver.Parse(strings.TrimPrefix(kubernetes, "v"))
	if err != nil {
		return false, fmt.Errorf("read the version of Kubernetes %q: %w", kubernetes, err)
	}
	return allowed(version), nil
}

// shortVersion is a version without its patch, or with a v: people write 1.36,
// the range's parser knows 1.36.x.
var shortVersion = regexp.MustCompile(`(^|[^0-9A-Za-z.+-])v?(\d+\.\d+)($|[^0-9A-Za-z.+-])`)

var versionPrefix = regexp.MustCompile(`(^|[^0-9A-Za-z.+-])v(\d)`)

func parseRange(text string) (semver.Range, error) {
	completed := versionPrefix.ReplaceAllString(text, "${1}${2}")
	// Twice, since two versions that stand side by side share the space between.
	for range 2 {
		completed = shortVersion.ReplaceAllString(completed, "${1}${2}.x${3}")
	}
	parsed, err := semver.ParseRange(completed)
	if err != nil {
		return nil, fmt.Errorf("%q is not a range of versions, such as >=1.36, or >=1.35 <1.38", text)
	}
	return parsed, nil
}
