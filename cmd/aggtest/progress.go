// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"sync"
	"time"

	"github.com/aggtest/aggtest/cmd/aggtest/internal/display"
	"github.com/aggtest/aggtest/harness"
)

// sayAfter is how long something may take before people are told of it where
// there is no live line: what takes less needs no words.
const sayAfter = 2 * time.Second

// progress shows the getting of programs and the booting.
type progress struct {
	display *display.Display

	mu sync.Mutex
	// getting is the task of the programs, while they are got.
	getting *display.Task
	// booting is the task of the control plane.
	booting *display.Task
}

func newProgress(d *display.Display) *progress { return &progress{display: d} }

// listen has a harness tell what it does.
func (p *progress) listen(cfg *harness.Config) {
	cfg.Binaries.Progress = p.binary
	cfg.Progress = p.stage
}

func (p *progress) binary(event harness.BinaryEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.getting == nil {
		p.getting = p.display.Begin("getting the control plane's programs", sayAfter)
	}
	p.getting.Update(event.String())
	if strings.HasPrefix(event.Text, "installed ") {
		p.display.Note(string(event.Binary) + " " + event.Text)
	}
}

// stage is told a line per stage of a boot, of which the first comes when the
// programs are there.
func (p *progress) stage(line string) {
	p.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.booting = p.display.Begin(line, sayAfter)
}

// end takes the tasks off the display.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, task := range []*display.Task{p.getting, p.booting} {
		if task != nil {
			task.End()
		}
	}
	p.getting, p.booting = nil, nil
}
