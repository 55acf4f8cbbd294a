// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aggtest/aggtest/harness/internal/controlplane"
	"github.com/aggtest/aggtest/harness/timeline"
)

const (
	controllerManagerName = "kube-controller-manager"
	// controllerManagerUser is who RBAC's default roles are made for
	// (k8s.io/kubernetes@v1.37.2/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go).
	controllerManagerUser = "system:kube-controller-manager"
	// controllerManagerLimit bounds a start. It takes a second; with an APIService
	// that swallows connections each look at the discovery takes five, and on a
	// machine that compiles on all its processors everything takes longer.
	controllerManagerLimit = time.Minute
)

// ControllerManagerConfig asks for a kube-controller-manager. The zero value asks
// for none.
type ControllerManagerConfig struct {
	// Controllers run, by the names that --controllers takes, with or without
	// -controller at the end: deployment, replicaset, horizontal-pod-autoscaler.
	// Empty means that there is no kube-controller-manager.
	Controllers []string
	// Flags are set over aggtest's own. A name has no dashes in front.
	Flags map[string]string
	// WithoutFlags names flags of aggtest's own that are left out.
	WithoutFlags []string
	// Env is added to its environment, which has PATH, HOME and TMPDIR.
	Env map[string]string
	// Stopped is true when it is there to be started by
	// [Cluster.StartControllerManager], and the boot does not.
	Stopped bool
}

// controllerManager is a kube-controller-manager through all its lives.
type controllerManager struct {
	config   ControllerManagerConfig
	path     string
	dir      string
	record   *controlplane.Record
	timeline *timeline.Timeline
	log      *ring
	// args are the flags but for the port.
	args map[string]string

	// turn is held by who changes the process, as long as that takes.
	turn chan struct{}

	mu      sync.Mutex
	process *controlplane.Command
	paused  bool
}

// errNoControllerManager is the error of those who ask for what is not there.
var errNoControllerManager = errors.New("the control plane has no kube-controller-manager: name its controllers in Config.ControllerManager")

// prepareControllerManager writes its files, and starts it unless it is to be
// started later.
func (c *Cluster) prepareControllerManager(ctx context.Context, path string) error {
	config := c.config.ControllerManager
	names, err := controllerNames(config.Controllers, c.config.Kubernetes)
	if err != nil {
		return err
	}
	m := &controllerManager{
		config: config, dir: filepath.Join(c.Dir(), controllerManagerName),
		record: c.record, timeline: c.timeline, log: newRing(logLinesKept), turn: make(chan struct{}, 1),
	}
	if m.path, err = filepath.Abs(path); err != nil {
		return err
	}
	for _, folder := range []string{m.dir, m.temporary()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fmt.Errorf("make a folder for %s: %w", controllerManagerName, err)
		}
	}
	key, ca := filepath.Join(m.dir, "sa.key"), filepath.Join(m.dir, "root-ca.crt")
	if err := errors.Join(
		os.WriteFile(key, c.pki.ServiceAccounts.PrivatePEM(), 0o600),
		os.WriteFile(ca, c.pki.Serving.CertificatePEM(), 0o600),
	); err != nil {
		return fmt.Errorf("write the files of %s: %w", controllerManagerName, err)
	}
	kubeconfig, err := c.Kubeconfig(controllerManagerUser)
	if err != nil {
		return err
	}
	m.args = map[string]string{
		"kubeconfig":                kubeconfig,
		"authentication-kubeconfig": kubeconfig,
		"authorization-kubeconfig":  kubeconfig,
		"bind-address":              commandHost,
		"controllers":               names,
		// There is one, and to wait for a lease of one that was killed would take
		// 15 s.
		"leader-elect": "false",
		// Each controller has the rights of its own role and no others, as in a
		// cluster.
		"use-service-account-credentials":  "true",
		"service-account-private-key-file": key,
		"root-ca-file":                     ca,
	}
	for _, name := range config.WithoutFlags {
		delete(m.args, name)
	}
	maps.Copy(m.args, config.Flags)
	c.controllers = m
	if config.Stopped {
		return nil
	}
	return c.StartControllerManager(ctx)
}

func (m *controllerManager) temporary() string { return filepath.Join(m.dir, "tmp") }

// start begins a life on a port of its own.
func (m *controllerManager) start(ctx context.Context) error {
	port, release, err := controlplane.ReservePort()
	if err != nil {
		return err
	}
	log := newCommandLog(m.log)
	release()
	process, err := controlplane.StartCommand(controlplane.CommandConfig{
		Name: controllerManagerName, Path: m.path, Args: m.arguments(port), Env: m.environment(), Dir: m.dir,
		Output: log, Record: m.record, Timeline: m.timeline,
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.process, m.paused = process, false
	m.mu.Unlock()
	url := "https://" + net.JoinHostPort(commandHost, strconv.Itoa(port)) + "/healthz"
	if err := awaitReady(ctx, process, log, url); err != nil {
		return errors.Join(err, process.Stop(0))
	}
	process.Ready()
	return nil
}

func (m *controllerManager) arguments(port int) []string {
	args := []string{"--secure-port=" + strconv.Itoa(port)}
	for _, name := range slices.Sorted(maps.Keys(m.args)) {
		args = append(args, "--"+name+"="+m.args[name])
	}
	return args
}

func (m *controllerManager) environment() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + m.dir, "TMPDIR=" + m.temporary()}
	for _, name := range slices.Sorted(maps.Keys(m.config.Env)) {
		env = append(env, name+"="+m.config.Env[name])
	}
	return env
}

// stop kills the process, if there is one: what it would do at an orderly end is
// to give up a lease that it does not hold.
func (m *controllerManager) stop() error {
	m.mu.Lock()
	process := m.process
	m.paused = false
	m.mu.Unlock()
	if process == nil {
		return nil
	}
	return process.Stop(0)
}

func (m *controllerManager) running() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.process != nil && m.process.Running()
}

func (m *controllerManager) isPaused() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.paused
}

func (m *controllerManager) setPaused(paused bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.paused = paused
}

// info is the process as it is now, and false when none runs.
func (m *controllerManager) info() (ProcessInfo, bool) {
	if m == nil || !m.running() {
		return ProcessInfo{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return ProcessInfo{Name: controllerManagerName, PID: m.process.PID(), RSS: m.process.Memory()}, true
}
