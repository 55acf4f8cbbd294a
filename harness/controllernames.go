// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"slices"
	"strings"
)

// controllerSuffix ends the names of all controllers.
const controllerSuffix = "-controller"

// knownControllers are the names of [DefaultKubernetes] without the suffix
// (k8s.io/kubernetes@v1.37.2/cmd/kube-controller-manager/names/controller_names.go:44).
var knownControllers = []string{
	"bootstrap-signer", "certificatesigningrequest-approving", "certificatesigningrequest-cleaner",
	"certificatesigningrequest-signing", "clusterrole-aggregation", "cronjob", "daemonset", "deployment",
	"device-taint-eviction", "disruption", "endpoints", "endpointslice", "endpointslice-mirroring",
	"ephemeral-volume", "garbage-collector", "horizontal-pod-autoscaler", "job",
	"kube-apiserver-serving-clustertrustbundle-publisher", "legacy-serviceaccount-token-cleaner", "namespace",
	"node-ipam", "node-lifecycle", "persistentvolume-attach-detach", "persistentvolume-binder",
	"persistentvolume-expander", "persistentvolume-protection", "persistentvolumeclaim-protection",
	"pod-garbage-collector", "podcertificaterequest-cleaner", "podgroup-protection", "replicaset",
	"replicationcontroller", "resourceclaim", "resourcepoolstatusrequest", "resourcequota",
	"root-ca-certificate-publisher", "selinux-warning", "service-cidr", "serviceaccount", "serviceaccount-token",
	"statefulset", "storage-version-migrator", "storageversion-garbage-collector", "taint-eviction",
	"token-cleaner", "ttl", "ttl-after-finished", "validatingadmissionpolicy-status", "volumeattributesclass-protection",
}

// controllerNames gives the value of --controllers. What each Kubernetes version
// knows differs, so that only names for the default version are checked; of
// others kube-controller-manager says itself what it does not know.
func controllerNames(controllers []string, kubernetes string) (string, error) {
	known, err := sameVersion(kubernetes, DefaultKubernetes)
	if err != nil {
		return "", err
	}
	var names []string
	for _, name := range controllers {
		// A dash before the name leaves it out of what * means.
		short, left := strings.CutPrefix(strings.TrimSuffix(name, controllerSuffix), "-")
		if name == "*" {
			names = append(names, name)
			continue
		}
		if known && !slices.Contains(knownControllers, short) {
			return "", fmt.Errorf("kube-controller-manager %s has no controller %q: there are %s", kubernetes, name, strings.Join(knownControllers, ", "))
		}
		if left {
			short = "-" + short
		}
		names = append(names, short+controllerSuffix)
	}
	return strings.Join(names, ","), nil
}
