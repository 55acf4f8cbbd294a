// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// scenarioName is the form of the names of scenarios, families and cases: they
// stand in paths, in labels and on the command line.
var scenarioName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

const scenarioNameForm = "a name of lower-case letters, digits and dashes, with no dash at its ends"

// matrixKey is the form of the keys of a matrix row.
var matrixKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// issueReference and webReference are the forms of spec.references.
var (
	issueReference = regexp.MustCompile(`^[\w.-]+/[\w.-]+#\d+$`)
	webReference   = regexp.MustCompile(`^https?://[^\s/]+\.[^\s]+$`)
)

// isLabel is the form of namespaces.
func isLabel(name string) bool { return len(validation.IsDNS1123Label(name)) == 0 }

// isServiceName is the form of Services, versions and resources: a label that
// begins with a letter.
func isServiceName(name string) bool { return len(validation.IsDNS1035Label(name)) == 0 }

// isGroup is the form of API groups.
func isGroup(name string) bool { return len(validation.IsDNS1123Subdomain(name)) == 0 }

// isGroupVersion is group/version.
func isGroupVersion(name string) bool {
	group, version, ok := strings.Cut(name, "/")
	return ok && isGroup(group) && isServiceName(version)
}

// isAPIServiceName is version.group, or the v1. of the group without a name.
func isAPIServiceName(name string) bool {
	version, group, ok := strings.Cut(name, ".")
	return ok && isServiceName(version) && (isGroup(group) || name == "v1.")
}

// isAPIVersion is group/version, or the version of the group without a name.
func isAPIVersion(name string) bool { return isGroupVersion(name) || isServiceName(name) }

// isKind is the form of kinds: a label in any case.
func isKind(name string) bool { return isServiceName(strings.ToLower(name)) }

// kubernetesVersion is the form of versions of the control plane.
var kubernetesVersion = regexp.MustCompile(`^v1\.\d+\.\d+$`)

// behaviourID is the form of spec.covers.
var behaviourID = regexp.MustCompile(`^[a-z]+-[a-z0-9-]*[a-z0-9]$`)
