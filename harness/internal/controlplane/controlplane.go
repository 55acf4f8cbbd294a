// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aggtest/aggtest/harness/timeline"
)

const (
	// defaultStartLimit: see Config.StartLimit.
	defaultStartLimit = 2 * time.Minute
	// portTries bounds the starts that are tried again because a port was
	// taken between its choice and the child's listening. Two in a row are
	// rare; five mean that something else is wrong.
	portTries = 5
)

// ControlPlane is an etcd and its kube-apiservers, running.
type ControlPlane struct {
	etcd    *Process
	servers []*member
	prober  *prober
	layout  layout
	record  *Record
	// owned says that the record is ours to close.
	owned    bool
	stopOnce func() error
	// life ends when Stop begins, and with it all changes of single
	// kube-apiservers.
	life context.Context
	end  context.CancelFunc
}

// Start starts etcd and the kube-apiservers, and returns when each of them is
// ready but for RBAC's default roles and the system priority classes, which come
// about half a second later: see [ControlPlane.WaitSettled]. The administrator
// can do everything at once.
//
// Before, it sweeps what killed runs have left. When a child exits, the error is
// a [*CrashError] with the child's own words. When ctx ends, the children are
// killed and waited for, nothing is left, and the error wraps ctx's cause.
func Start(ctx context.Context, cfg Config) (*ControlPlane, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("start the control plane: %w", err)
	}
	limit := fmt.Errorf("not ready within %s", cfg.StartLimit)
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.StartLimit, limit)
	defer cancel()
	if swept, err := Sweep(ctx); err != nil || swept.Runs > 0 {
		action := timeline.Action{What: "sweep " + swept.String()}
		if err != nil {
			action.Err = err.Error()
		}
		cfg.Timeline.Record(action)
	}
	c, err := cfg.prepare()
	if err != nil {
		return nil, fmt.Errorf("start the control plane: %w", err)
	}
	for try := 1; ; try++ {
		err = c.try(ctx, cfg)
		var crash *CrashError
		if try == portTries || !errors.As(err, &crash) || !portTaken(crash.Lines) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the control plane: %w", err), c.discard(err))
	}
	return c, nil
}

// prepare writes all files that do not depend on ports.
func (cfg Config) prepare() (_ *ControlPlane, err error) {
	c := &ControlPlane{record: cfg.Record}
	c.life, c.end = context.WithCancel(context.Background())
	if c.record == nil {
		if c.record, err = NewRecord(); err != nil {
			return nil, err
		}
		c.owned = true
	}
	c.stopOnce = sync.OnceValue(c.stop)
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	if c.prober, err = newProber(cfg.PKI); err != nil {
		return nil, err
	}
	dir, makeDir := cfg.Dir, os.MkdirAll
	if dir == "" {
		// The record comes first, so that there is no moment at which a folder
		// is in no record: hence a name of our own and not MkdirTemp's.
		dir, makeDir = filepath.Join(os.TempDir(), "aggtest-"+c.record.name()), os.Mkdir
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := c.record.AddPath(dir); err != nil {
		return nil, err
	}
	if err := makeDir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the control plane: %w", err)
	}
	c.layout = layout{dir: dir}
	if err := c.layout.folders(cfg.APIServers); err != nil {
		return nil, err
	}
	launchers := map[string]launcher{
		etcdName: {binary: cfg.Etcd, pidFile: c.layout.pidFile(etcdName), help: "--unsafe-no-fsync"},
	}
	for _, server := range cfg.APIServers {
		if err := c.layout.write(server, cfg.PKI); err != nil {
			return nil, err
		}
		launchers[server.Name] = launcher{binary: server.Path, pidFile: c.layout.pidFile(server.Name), env: server.Env}
	}
	for name, launcher := range launchers {
		if launcher.binary, err = filepath.Abs(launcher.binary); err != nil {
			return nil, err
		}
		if err := launcher.write(c.layout.launcher(name)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// try starts all children on ports of its own, at once, and waits until they are
// ready. When it fails none of them is left.
func (c *ControlPlane) try(ctx context.Context, cfg Config) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	ports, err := cfg.ports(1 + len(cfg.APIServers))
	if err != nil {
		return fmt.Errorf("choose ports: %w", err)
	}
	c.etcd = newEtcd(c.layout, ports[0], c.record, cfg.Timeline)
	c.servers = nil
	for i, server := range cfg.APIServers {
		c.servers = append(c.servers, newMember(server, ports[i+1], func() *Process {
			return newAPIServer(c.layout, server, ports[i+1], c.record, cfg.Timeline)
		}))
	}
	var launched []*Process
	for _, process := range c.processes() {
		if err = process.launch(); err != nil {
			break
		}
		launched = append(launched, process)
	}
	if err == nil {
		err = c.awaitStart(ctx)
	}
	if err != nil {
		return errors.Join(err, stopAll(launched), os.RemoveAll(c.layout.etcdData()))
	}
	return nil
}

// awaitStart returns the first reason for which the start cannot go on, or nil
// when all are ready.
func (c *ControlPlane) awaitStart(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := c.etcd.awaitHealthy(ctx); err != nil {
			return err
		}
		c.etcd.ready()
		return nil
	})
	for _, server := range c.APIServers() {
		group.Go(func() error {
			if err := c.prober.await(ctx, server, c.etcd, earlyPath); err != nil {
				return err
			}
			server.ready()
			return nil
		})
	}
	return group.Wait()
}

// WaitSettled waits until every kube-apiserver that is not stopped is ready in
// full, which means that RBAC's default roles are there too. From then on a
// server or user with a role of its own is let through as in a cluster. It may be
// called any number of times, and returns a [*CrashError] when a child exits
// meanwhile.
func (c *ControlPlane) WaitSettled(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, server := range c.servers {
		process, state := server.now()
		if state == Stopped {
			continue
		}
		group.Go(func() error { return c.prober.await(ctx, process, c.etcd, settledPath) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("wait for the control plane to settle: %w", err)
	}
	return nil
}

// Etcd returns the etcd, which takes plain HTTP and anybody's requests.
func (c *ControlPlane) Etcd() *Process { return c.etcd }

// APIServers returns the kube-apiservers in the order of the config, each as the
// process that it is now: one that was stopped and started is another.
func (c *ControlPlane) APIServers() []*Process {
	processes := make([]*Process, len(c.servers))
	for i, server := range c.servers {
		processes[i], _ = server.now()
	}
	return processes
}

// Dir returns the folder of all the control plane's files.
func (c *ControlPlane) Dir() string { return c.layout.dir }

// Record returns the run's record: the config's, or the one that Start made.
func (c *ControlPlane) Record() *Record { return c.record }

// Stop kills the children, waits for them, and removes the folder, logs
// included. Open watches and connections do not hold it up. The record is closed
// if Start made it. A second call returns what the first did.
func (c *ControlPlane) Stop() error { return c.stopOnce() }

func (c *ControlPlane) stop() error {
	c.end()
	// Whoever changes a kube-apiserver now gives up at once, and nobody begins.
	for _, server := range c.servers {
		server.turn <- struct{}{}
		defer func() { <-server.turn }()
	}
	err := stopAll(c.processes())
	for _, server := range c.servers {
		server.freePort()
	}
	if c.prober != nil {
		c.prober.close()
	}
	if c.layout.dir != "" {
		err = errors.Join(err, os.RemoveAll(c.layout.dir))
	}
	// With an error something may still be there, and a later sweep needs the record.
	if c.owned && err == nil {
		err = c.record.Close()
	}
	if err != nil {
		return fmt.Errorf("stop the control plane: %w", err)
	}
	return nil
}

// discard cleans up after a failed start. The log that the error names stays.
func (c *ControlPlane) discard(reason error) error {
	var crash *CrashError
	if !errors.As(reason, &crash) {
		c.etcd, c.servers = nil, nil // try has stopped them
		return c.stop()
	}
	c.end()
	c.prober.close()
	err := c.layout.keepLogs()
	if c.owned {
		err = errors.Join(err, c.record.Close())
	}
	return err
}

func (c *ControlPlane) processes() []*Process {
	if c.etcd == nil {
		return nil
	}
	return append([]*Process{c.etcd}, c.APIServers()...)
}

// stopAll stops processes at the same time, so that none sees the other go and
// tries to mend it.
func stopAll(processes []*Process) error {
	errs := make([]error, len(processes))
	var wait sync.WaitGroup
	for i, process := range processes {
		wait.Go(func() { errs[i] = process.stop() })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// freePorts returns n ports of 127.0.0.1 that nobody listens on. Somebody may
// take one before the child does; neither etcd nor kube-apiserver can be given a
// listener, and kube-apiserver refuses port 0.
func freePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range n {
		listener, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }() // all at the end, so that the ports differ
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
