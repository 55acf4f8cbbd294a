// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aggtest/aggtest/harness/internal/controlplane"
	"github.com/aggtest/aggtest/harness/timeline"
)

// commandHost is where the programs of servers listen: nothing of a run can be
// reached from another machine.
const commandHost = "127.0.0.1"

// program is a replica that is a process: one for each of its lives, all on the
// same port.
type program struct {
	name    string
	command Command
	path    string
	// values are the templates'. The port is set by the first start.
	values   commandValues
	files    *certificateFiles
	log      *ring
	record   *controlplane.Record
	timeline *timeline.Timeline

	// turn is held by who starts or ends the process, as long as that takes.
	turn chan struct{}

	mu sync.Mutex
	// process is the present or the last one. Nil before the first.
	process *controlplane.Command
	// stopped is true after [Server.Stop] and until the next start.
	stopped bool
	// release gives the port back while no process has it. Nil when one may.
	release func()
}

// errServerClosed is why a start ends when the server is closed.
var errServerClosed = errors.New("the server is being closed")

// locked runs f when nobody else starts or ends the process.
func (p *program) locked(ctx context.Context, f func() error) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return causeOf(ctx)
	}
	if ctx.Err() != nil {
		return causeOf(ctx)
	}
	return f()
}

func (p *program) now() (process *controlplane.Command, stopped bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process, p.stopped
}

func (p *program) running() bool {
	process, _ := p.now()
	return process != nil && process.Running()
}

// firstStart chooses the port. A port that was free a moment ago may be taken
// when the program asks for it, so that one more is tried.
func (p *program) firstStart(ctx context.Context) error {
	for try := 1; ; try++ {
		port, release, err := controlplane.ReservePort()
		if err != nil {
			return err
		}
		p.values.port = port
		p.setRelease(release)
		if err = p.start(ctx); err == nil || try == 2 || !errors.Is(err, errPortTaken) {
			return err
		}
		p.freePort()
	}
}

// start begins a life, and returns when the process is ready. When it does not
// become so, it is killed.
func (p *program) start(ctx context.Context) error {
	ready, err := p.command.render(p.values)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.command.ReadyWithin)
	defer cancel()
	env := append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.values.dir, "TMPDIR=" + p.values.temporary()}, ready.env...)
	log := newCommandLog(p.log)
	// Held until now. A program that shares no port with a socket that only
	// holds it must find it free.
	p.freePort()
	process, err := controlplane.StartCommand(controlplane.CommandConfig{
		Name: p.name, Path: p.path, Args: ready.args, Env: env, Dir: ready.dir,
		Output: log, Record: p.record, Timeline: p.timeline,
	})
	if err != nil {
		p.holdPort()
		return err
	}
	p.mu.Lock()
	p.process = process
	p.mu.Unlock()
	if err := awaitReady(ctx, process, log, "https://"+p.target()+ready.readyPath); err != nil {
		err = errors.Join(err, process.Stop(0))
		p.holdPort()
		return err
	}
	process.Ready()
	p.mu.Lock()
	p.stopped = false
	p.mu.Unlock()
	return nil
}

// end ends the life and keeps the port for the next.
func (p *program) end(grace time.Duration) error {
	if process, _ := p.now(); process != nil {
		if err := process.Stop(grace); err != nil {
			return err
		}
	}
	p.holdPort()
	return nil
}

// target is where the process listens.
func (p *program) target() string { return net.JoinHostPort(commandHost, strconv.Itoa(p.values.port)) }

// holdPort keeps the port from everybody else on this machine while no process
// has it. When it cannot, the next start finds out.
func (p *program) holdPort() {
	if release, err := controlplane.HoldPort(p.values.port); err == nil {
		p.setRelease(release)
	}
}

func (p *program) setRelease(release func()) {
	p.freePort()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release = release
}

func (p *program) freePort() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.release != nil {
		p.release()
		p.release = nil
	}
}
