// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "path/filepath"

// findTraces makes the paths of recordings, which are relative to the scenario's
// file, relative to the working directory, where files are opened.
func findTraces(s *Scenario, folder string) {
	find := func(all ...*Series) {
		for _, one := range all {
			if one != nil && one.Trace != nil && one.Trace.File != "" && !filepath.IsAbs(one.Trace.File) {
				one.Trace.File = filepath.Join(folder, one.Trace.File)
			}
		}
	}
	for _, server := range s.Spec.Given.Servers {
		if server.Metrics == nil {
			continue
		}
		for _, r := range server.Metrics.Nodes {
			find(r.CPU, r.Memory)
		}
		for _, r := range server.Metrics.Pods {
			find(r.CPU, r.Memory)
		}
		for _, r := range server.Metrics.Custom {
			find(r.Value)
		}
		for _, r := range server.Metrics.External {
			find(r.Value)
		}
	}
	for _, step := range s.Spec.Steps {
		for _, action := range step.Do {
			if action.Set != nil {
				find(action.Set.CPU, action.Set.Memory, action.Set.Value)
			}
		}
	}
}
