// SPDX-License-Identifier: Apache-2.0

package scenarios

import (
	"sync"
	"time"

	"github.com/aggtest/aggtest/scenarios/report"
)

// Observer is told what happens in a run, as it happens. Its methods are called
// one at a time and must return soon, for the run waits. Embed [NopObserver] and
// write the methods that matter.
type Observer interface {
	// Booting is called when a control plane is about to be booted; what says
	// which.
	Booting(what string)
	// Booted is called when it answers, or with the error when it could not be
	// booted.
	Booted(what, kubernetes string, took time.Duration, err error)
	// Started is called when a scenario begins. Its name, family and run are set.
	Started(scenario report.Scenario)
	// StepDone is called at the end of each step that began.
	StepDone(scenario report.Scenario, step report.Step)
	// Finished is called once for each scenario that was selected, also for those
	// that never began.
	Finished(scenario report.Scenario)
}

// NopObserver is an [Observer] that takes no notice.
type NopObserver struct{}

// Booting does nothing.
func (NopObserver) Booting(string) {}

// Booted does nothing.
func (NopObserver) Booted(string, string, time.Duration, error) {}

// Started does nothing.
func (NopObserver) Started(report.Scenario) {}

// StepDone does nothing.
func (NopObserver) StepDone(report.Scenario, report.Step) {}

// Finished does nothing.
func (NopObserver) Finished(report.Scenario) {}

// serialObserver lets one call through at a time.
type serialObserver struct {
	mu sync.Mutex
	to Observer
}

func (o *serialObserver) tell(f func(Observer)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f(o.to)
}
