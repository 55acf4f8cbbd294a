// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/aggtest/aggtest/harness/timeline"
)

// Process is one child: etcd or a kube-apiserver.
type Process struct {
	name, url string
	layout    layout
	record    *Record
	timeline  *timeline.Timeline
	// continues keeps the log of an earlier life, and written is where in the
	// log this one begins.
	continues bool
	written   int64

	// backend is envtest's side of the child.
	backend backend
	// attach gives envtest the lifeline and the log.
	attach func(lifeline, log *os.File)

	// spawned is closed when the launcher has told its pid; id is set before.
	spawned chan struct{}
	id      identity
	// exited is closed when the child has gone, or never came to be.
	exited chan struct{}
	// returned is closed when envtest's Start has; startErr is set before.
	returned chan struct{}
	startErr error
	// stopping is closed when the end is our own doing.
	stopping chan struct{}
	stopOnce func() error
}

// backend is what envtest's Etcd and APIServer have in common.
type backend interface {
	Start() error
	Stop() error
}

func newProcess(name, url string, l layout, record *Record, tl *timeline.Timeline) *Process {
	p := &Process{
		name: name, url: url, layout: l, record: record, timeline: tl,
		spawned:  make(chan struct{}),
		exited:   make(chan struct{}),
		returned: make(chan struct{}),
		stopping: make(chan struct{}),
	}
	p.stopOnce = sync.OnceValue(p.end)
	return p
}

func newEtcd(l layout, port int, record *Record, tl *timeline.Timeline) *Process {
	child := l.etcdChild(port)
	p := newProcess(etcdName, child.URL.String(), l, record, tl)
	p.backend = child
	p.attach = func(lifeline, log *os.File) { child.Out, child.Err = lifeline, log }
	return p
}

func newAPIServer(l layout, server APIServer, port int, record *Record, tl *timeline.Timeline) *Process {
	child := l.apiServerChild(server, port)
	p := newProcess(server.Name, "https://"+hostPort(port), l, record, tl)
	p.backend = child
	p.attach = func(lifeline, log *os.File) { child.Out, child.Err = lifeline, log }
	return p
}

var (
	_ backend = (*envtest.Etcd)(nil)
	_ backend = (*envtest.APIServer)(nil)
)

// Name returns the process's name: etcd, or the kube-apiserver's.
func (p *Process) Name() string { return p.name }

// URL returns where the process listens on 127.0.0.1: http for etcd, https for
// a kube-apiserver.
func (p *Process) URL() string { return p.url }

// Log returns the path of the file that has all output of the process. It goes
// with the control plane's folder.
func (p *Process) Log() string { return p.layout.log(p.name) }

// Tail returns the last n lines of the log, oldest first; fewer when there are
// no more, and none when the log is gone.
func (p *Process) Tail(n int) []string {
	lines := readLines(p.Log())
	return lines[max(0, len(lines)-n):]
}

// PID returns the process id. It stays when the process has exited.
func (p *Process) PID() int { return p.id.PID }

// Memory returns the resident memory of the process in bytes, and 0 when it has
// gone or the system does not tell.
func (p *Process) Memory() int64 {
	if p.gone() {
		return 0
	}
	return memory(p.id.PID)
}

// Exited is closed when the process has gone, by itself or by a stop.
func (p *Process) Exited() <-chan struct{} { return p.exited }

func (p *Process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// launch starts the child. Its two goroutines end when the child has, and end
// waits for both.
func (p *Process) launch() error {
	if err := p.record.expect(p.name, p.layout.pidFile(p.name), p.layout.dir); err != nil {
		return err
	}
	flags := os.O_CREATE | os.O_APPEND | os.O_WRONLY
	if !p.continues {
		flags |= os.O_TRUNC
	}
	log, err := os.OpenFile(p.Log(), flags, 0o600)
	if err != nil {
		return fmt.Errorf("make the log of %s: %w", p.name, err)
	}
	if info, err := log.Stat(); err == nil {
		p.written = info.Size()
	}
	lifeline, childEnd, err := os.Pipe()
	if err != nil {
		_ = log.Close()
		return fmt.Errorf("make the lifeline of %s: %w", p.name, err)
	}
	p.attach(childEnd, log)
	go func() {
		defer close(p.returned)
		p.startErr = p.backend.Start()
		// The child has descriptors of its own, and ours must go, or the
		// lifeline would never end. No sooner: envtest uses them until it has
		// forked. Until now it has waited for the child's end itself.
		_ = childEnd.Close()
		_ = log.Close()
	}()
	go func() {
		defer close(p.exited)
		defer func() { _ = lifeline.Close() }()
		p.follow(lifeline)
	}()
	return nil
}

// abandon makes a process that could not be launched one that has gone.
func (p *Process) abandon() {
	close(p.exited)
	close(p.returned)
}

// follow reads the lifeline of a child until the child has gone.
func (p *Process) follow(lifeline io.Reader) {
	lines := bufio.NewReader(lifeline)
	line, err := lines.ReadString('\n')
	if err != nil {
		return // the launcher did not get that far
	}
	// A launcher writes nothing but its pid. Were it something else, no process
	// would match, and the child would be taken for gone.
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	p.id, _ = identify(pid)
	_ = p.record.found(p.layout.pidFile(p.name), p.id) // the pid file serves the sweep as well
	p.timeline.Record(timeline.Process{Name: p.name, What: "started", PID: pid})
	close(p.spawned)
	_, _ = io.Copy(io.Discard, lines)
	select {
	case <-p.stopping:
		p.timeline.Record(timeline.Process{Name: p.name, What: "stopped", PID: pid})
	default:
		what := "exited"
		if reason := reasons(p.own(), 1); len(reason) > 0 {
			what += ": " + reason[0]
		}
		p.timeline.Record(timeline.Process{Name: p.name, What: what, PID: pid})
	}
}

// ready writes down that the child has answered.
func (p *Process) ready() {
	select {
	case <-p.spawned:
	case <-p.exited: // it could not even tell its pid, and will not be ready long
	}
	p.timeline.Record(timeline.Process{Name: p.name, What: "ready", PID: p.id.PID})
}

// own returns the last lines that this very process wrote.
func (p *Process) own() []string { return readLinesFrom(p.Log(), p.written) }

// crash is the error of a child that has gone without being told to.
func (p *Process) crash() error {
	select {
	case <-p.spawned:
		return &CrashError{Process: p.name, Log: p.Log(), Lines: reasons(p.own(), reasonLines)}
	default:
	}
	<-p.returned
	if lines := p.own(); len(lines) > 0 {
		return &CrashError{Process: p.name, Log: p.Log(), Lines: lines[max(0, len(lines)-reasonLines):]}
	}
	return fmt.Errorf("start %s: %w", p.name, p.startErr)
}

// awaitHealthy waits until envtest has seen the child healthy.
func (p *Process) awaitHealthy(ctx context.Context) error {
	select {
	case <-p.returned:
	case <-p.exited:
		return p.crash()
	case <-ctx.Done():
		return lastSeen(ctx, p, errors.New("not healthy yet"))
	}
	if p.startErr != nil {
		<-p.exited // envtest gives up before its time only on a child that has gone
		return p.crash()
	}
	// It may be that a foreign process has answered, on a port that our child
	// did not get. Then ours is about to exit, or does so while the
	// kube-apiservers are waited for.
	select {
	case <-p.spawned:
		return nil
	case <-p.exited:
		return p.crash()
	case <-ctx.Done():
		return lastSeen(ctx, p, errors.New("not healthy yet"))
	}
}

// stop kills the child, and returns when it and the goroutines around it have
// ended. A second call returns what the first did.
func (p *Process) stop() error { return p.stopOnce() }

// end is stop's work. Nothing in a control plane is worth keeping, so that it
// does not ask the child first: a kube-apiserver that is asked to stop waits for
// its watches to end, up to a minute
// (k8s.io/apiserver@v0.37.2/pkg/server/genericapiserver.go:659).
func (p *Process) end() error {
	close(p.stopping)
	select {
	case <-p.spawned:
		if err := p.id.kill(); err != nil {
			return fmt.Errorf("stop %s: %w", p.name, err)
		}
	case <-p.exited:
	}
	limit := time.NewTimer(goneLimit)
	defer limit.Stop()
	for _, ended := range []chan struct{}{p.exited, p.returned} {
		select {
		case <-ended:
		case <-limit.C:
			return fmt.Errorf("stop %s: process %d is still there %s after it was killed", p.name, p.id.PID, goneLimit)
		}
	}
	// The lifeline ends a moment before envtest has waited for the child; then
	// envtest signals a group that has gone. The next try finds it waited for.
	tick := time.NewTicker(gonePoll)
	defer tick.Stop()
	for {
		err := p.backend.Stop()
		if !errors.Is(err, syscall.ESRCH) {
			return err
		}
		select {
		case <-tick.C:
		case <-limit.C:
			return fmt.Errorf("stop %s: %w", p.name, err)
		}
	}
}
