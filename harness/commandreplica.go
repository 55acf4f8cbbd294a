// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/aggtest/aggtest/harness/timeline"
)

// startPrograms makes the replicas of a server that is a program: their
// directories and certificates first, then the processes side by side, and at
// last the ways to them.
func (s *Server) startPrograms(ctx context.Context, kubeconfig string) error {
	path, err := s.config.Command.program()
	if err != nil {
		return err
	}
	ending, end := context.WithCancelCause(context.Background())
	s.ending = ending
	for i := range s.replicas {
		program, err := s.newProgram(i, path, kubeconfig)
		if err != nil {
			end(err)
			return fmt.Errorf("make the directory of replica %d: %w", i, err)
		}
		s.replicas[i] = &replica{name: program.name, address: s.cluster.network.AllocateEndpoint(), program: program}
	}
	// After the directories, so that they go after the processes in them.
	s.onClose(func(context.Context) error {
		end(errServerClosed)
		return s.endPrograms()
	})
	if err := s.SetCertificate(s.config.Certificate); err != nil {
		return err
	}
	if err := s.eachProgram(ctx, "start", s.replicas, (*program).firstStart); err != nil {
		return err
	}
	for _, r := range s.replicas {
		way, err := s.cluster.network.Forward(r.name, netip.AddrPortFrom(r.address, targetPort), r.program.target())
		if err != nil {
			return err
		}
		s.onClose(func(context.Context) error { return way.Close() })
	}
	return nil
}

func (s *Server) newProgram(replica int, path, kubeconfig string) (*program, error) {
	dir, err := s.makeReplicaDir(replica)
	if err != nil {
		return nil, err
	}
	command := *s.config.Command
	command.ReadyWithin = orDefault(command.ReadyWithin, defaultReadyWithin)
	command.StopWithin = orDefault(command.StopWithin, defaultStopWithin)
	files := &certificateFiles{folder: filepath.Join(dir, certificatesFolder)}
	return &program{
		name: s.replicaName(replica), command: command, path: path, files: files,
		log: s.log, record: s.cluster.record, timeline: s.cluster.timeline,
		turn: make(chan struct{}, 1),
		values: commandValues{
			host: commandHost, certFile: files.certificate(), keyFile: files.key(), kubeconfig: kubeconfig,
			clientCAFile: filepath.Join(dir, clientCAFile), requestHeaderCAFile: filepath.Join(dir, requestHeaderCAFile),
			etcdServers: strings.Join([]string{s.cluster.Etcd()}, ","),
			namespace:   s.config.Namespace, name: s.config.Name, service: s.config.Service,
			dir: dir, replica: replica,
		},
	}, nil
}

// eachProgram does the same to several replicas at once, each when it is free.
func (s *Server) eachProgram(ctx context.Context, verb string, replicas []*replica, do func(*program, context.Context) error) error {
	if s.ending.Err() != nil {
		return fmt.Errorf("%s a replica of server %q: %w", verb, s.config.Name, context.Cause(s.ending))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ending, func() { cancel(context.Cause(s.ending)) })()
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range replicas {
		group.Go(func() error {
			if err := r.program.locked(ctx, func() error { return do(r.program, ctx) }); err != nil {
				return fmt.Errorf("%s %s: %w", verb, r.name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// endPrograms ends all processes side by side. Whoever starts one gives up.
func (s *Server) endPrograms() error {
	errs := make([]error, len(s.replicas))
	group := errgroup.Group{}
	for i, r := range s.replicas {
		group.Go(func() error {
			err := r.program.locked(context.Background(), func() error {
				defer r.program.freePort()
				return r.program.end(r.program.command.StopWithin)
			})
			if err != nil {
				errs[i] = fmt.Errorf("stop %s: %w", r.name, err)
			}
			return nil
		})
	}
	_ = group.Wait()
	return errors.Join(errs...)
}

// chooseProgram returns one replica, or all of them for -1, of a server that is
// a program.
func (s *Server) chooseProgram(replica int) ([]*replica, error) {
	if s.config.Command == nil {
		return nil, fmt.Errorf("server %q is a handler in this process: only the replicas of a Command are processes", s.config.Name)
	}
	return s.choose(replica)
}

func (s *Server) changePrograms(ctx context.Context, verb string, replica int, do func(*program, context.Context) error) error {
	chosen, err := s.chooseProgram(replica)
	if err != nil {
		return fmt.Errorf("%s a replica: %w", verb, err)
	}
	return s.eachProgram(ctx, verb, chosen, do)
}

// Restart ends the process of one replica, or of each when replica is -1, and
// starts it again on the same port, as a new version of a Deployment would: it
// is told by SIGTERM first. It returns when the new process is ready. One that
// was stopped or has exited is started. The server must be a [Command].
func (s *Server) Restart(ctx context.Context, replica int) error {
	return s.changePrograms(ctx, "restart", replica, func(p *program, ctx context.Context) error {
		if err := p.end(p.command.StopWithin); err != nil {
			return err
		}
		return s.startAgain(ctx, p)
	})
}

// Stop kills the process of one replica, or of each when replica is -1, as when
// its machine fails: it has no chance to end anything. The endpoints stay what
// they are, see [Server.SetReady], and connections to them are refused with
// "nothing listens". The port is kept for [Server.Start]. One that was stopped
// already is an error. The server must be a [Command].
func (s *Server) Stop(replica int) error {
	return s.changePrograms(context.Background(), "stop", replica, func(p *program, _ context.Context) error {
		if _, was := p.now(); was {
			return errors.New("it is stopped already")
		}
		if err := p.end(0); err != nil {
			return err
		}
		p.mu.Lock()
		p.stopped = true
		p.mu.Unlock()
		s.cluster.timeline.Record(timeline.Fault{On: p.name, What: stopped})
		return nil
	})
}

// Start starts the process of one replica, or of each when replica is -1, after
// [Server.Stop] or after it has exited by itself, on the same port. It returns
// when the process is ready, and when it does not become so there is none. One
// that runs is an error. The server must be a [Command].
func (s *Server) Start(ctx context.Context, replica int) error {
	return s.changePrograms(ctx, "start", replica, func(p *program, ctx context.Context) error {
		if p.running() {
			return errors.New("it runs already")
		}
		return s.startAgain(ctx, p)
	})
}

func (s *Server) startAgain(ctx context.Context, p *program) error {
	_, was := p.now()
	if err := p.start(ctx); err != nil {
		return err
	}
	if was {
		s.cluster.timeline.Record(timeline.Fault{On: p.name, What: stopped, Undone: true})
	}
	return nil
}

// Signal sends a signal to the process of one replica, or of each when replica
// is -1: SIGHUP for a server that reads its files again upon it, SIGSTOP and
// SIGCONT for one that hangs. A process that a signal ends has exited by itself.
// One that does not run is an error. The server must be a [Command].
func (s *Server) Signal(replica int, signal os.Signal) error {
	return s.changePrograms(context.Background(), "signal", replica, func(p *program, _ context.Context) error {
		if !p.running() {
			return errors.New("it does not run")
		}
		process, _ := p.now()
		if err := process.Signal(signal); err != nil {
			return err
		}
		s.cluster.timeline.Record(timeline.Action{What: fmt.Sprintf("signal %q to %s", signal, p.name)})
		return nil
	})
}

// Processes lists the processes that run of a server that is a [Command], each
// by its replica's name. Other servers have none.
func (s *Server) Processes() []ProcessInfo {
	var running []ProcessInfo
	for _, r := range s.replicas {
		if r.program == nil || !r.program.running() {
			continue
		}
		process, _ := r.program.now()
		running = append(running, ProcessInfo{Name: r.name, PID: process.PID(), RSS: process.Memory()})
	}
	return running
}
