// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// DefaultVersion is the Kubernetes version that is meant when none is named,
// and whose build is pinned.
const DefaultVersion = "v1.37.2"

// kubernetesVersion takes releases and pre-releases. Kubernetes' major version
// has been 1 since 2015; four digits are more than a part will ever have.
var kubernetesVersion = regexp.MustCompile(`^v?(1)\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})(-(?:alpha|beta|rc)\.(?:0|[1-9][0-9]{0,3}))?$`)

// NormalizeVersion gives a Kubernetes version the form that tags have: 1.37.2
// becomes v1.37.2. It is an error if the text is not a whole version, as 1.37 is
// not.
func NormalizeVersion(version string) (string, error) {
	if !kubernetesVersion.MatchString(version) {
		return "", fmt.Errorf("kubernetes version %q: want 1.MINOR.PATCH, such as %s", version, DefaultVersion)
	}
	return "v" + strings.TrimPrefix(version, "v"), nil
}

// partOf takes a normalized version and gives its minor version, which is part
// 2, or its patch, which is part 3.
func partOf(version string, part int) int {
	n, _ := strconv.Atoi(kubernetesVersion.FindStringSubmatch(version)[part])
	return n
}

func minorOf(version string) int { return partOf(version, 2) }

// compareVersions puts normalized versions in order, a release after its
// pre-releases.
func compareVersions(a, b string) int {
	_, preA, isPreA := strings.Cut(a, "-")
	_, preB, isPreB := strings.Cut(b, "-")
	released := func(pre bool) int {
		if pre {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(minorOf(a), minorOf(b)), cmp.Compare(partOf(a, 3), partOf(b, 3)),
		cmp.Compare(released(isPreA), released(isPreB)), cmp.Compare(preA, preB))
}

// stagingVersion is the version under which the parts of a Kubernetes release,
// such as k8s.io/api, are published: v0.37.2 for v1.37.2.
func stagingVersion(version string) string {
	return "v0." + strings.TrimPrefix(version, "v1.")
}

// defaultEtcd goes with DefaultVersion and with anything newer than the table.
const defaultEtcd = "v3.7.3"

// metricsServerVersion goes with every Kubernetes version. Its README claims 1.34
// and newer (sigs.k8s.io/metrics-server@v0.9.0/README.md, "Compatibility Matrix");
// an older one gets it too, because what it reads, nodes and pods, is the same.
const metricsServerVersion = "v0.9.0"

// etcdOf is the etcd for each minor version of Kubernetes. The rows are the
// clients that k8s.io/apiserver v0.MINOR.0 requires in its go.mod, because the
// server of the client's own version is the one that Kubernetes was tested with;
// the row of DefaultVersion has the later patches of its series.
var etcdOf = map[int]string{
	32: "v3.5.16",
	33: "v3.5.21",
	34: "v3.6.4",
	35: "v3.6.5",
	36: "v3.6.8",
	37: defaultEtcd,
}

// etcdVersion chooses the etcd for a Kubernetes version: the table's, else the
// table's oldest for what is older, else the newest.
func etcdVersion(version string) string {
	minor := minorOf(version)
	if etcd, ok := etcdOf[minor]; ok {
		return etcd
	}
	if minor < 32 {
		return etcdOf[32]
	}
	return defaultEtcd
}
