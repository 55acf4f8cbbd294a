// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"

	"github.com/aggtest/aggtest/harness"
	"github.com/aggtest/aggtest/harness/pki"
	"github.com/aggtest/aggtest/harness/timeline"
)

// installProgram puts a program behind an APIService and waits until it serves.
func installProgram(t *testing.T, cluster *harness.Cluster, name string, replicas int, command *harness.Command) (*harness.Server, harness.APIService) {
	t.Helper()
	server, err := cluster.Install(t.Context(), harness.ServerConfig{
		Name: name, Namespace: name + "-system", Replicas: replicas, Command: command,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	service := harness.APIService{Group: name + ".example.com", Version: "v1", Server: server}
	if err := cluster.Register(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Unregister(context.Background(), service.Name()); err != nil {
			t.Error(err)
		}
	})
	serves(t, cluster, groupVersion(service))
	return server, service
}

// lives are the facts of a replica's processes.
func lives(cluster *harness.Cluster, mark timeline.Mark, replica string) []string {
	var facts []string
	for _, process := range timeline.Of[timeline.Process](cluster.Timeline(), mark) {
		if process.Fact.Name == replica {
			facts = append(facts, process.Fact.What)
		}
	}
	return facts
}

func gone(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", pid, err)
	}
}

func TestCommandServesBehindTheAggregator(t *testing.T) {
	cluster := cluster(t)
	mark := cluster.Timeline().Mark()
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("KUBECONFIG", "/nowhere")
	command := testProgram("program", "", "--rest={{.Kubeconfig}} {{.ClientCAFile}} {{.RequestHeaderClientCAFile}} {{.EtcdServers}} {{.Namespace}}/{{.Service}} {{.Name}}/{{.Replica}}")
	server, service := installProgram(t, cluster, "program", 2, command)

	var pids []int
	for replica := range 2 {
		told := about(t, server, replica)
		pids = append(pids, told.PID)
		rest := strings.Fields(strings.TrimPrefix(told.Args[len(told.Args)-1], "--rest="))
		for _, path := range rest[:3] {
			if content, err := os.ReadFile(path); err != nil || len(content) == 0 || !strings.HasPrefix(path, cluster.Dir()+"/") {
				t.Errorf("replica %d was given the file %s: %d bytes, %v; it must be below %s", replica, path, len(content), err, cluster.Dir())
			}
		}
		if want := []string{cluster.Etcd(), "program-system/program", "program/" + string(rune('0'+replica))}; !slices.Equal(rest[3:], want) {
			t.Errorf("replica %d was given %q, want %q", replica, rest[3:], want)
		}
		if !strings.HasPrefix(told.Dir, cluster.Dir()+"/") {
			t.Errorf("replica %d runs in %s, which is not below %s", replica, told.Dir, cluster.Dir())
		}
		for _, variable := range told.Env {
			name, value, _ := strings.Cut(variable, "=")
			switch name {
			case "HTTPS_PROXY", "KUBECONFIG":
				t.Errorf("replica %d has inherited %s", replica, variable)
			case "HOME":
				if value != told.Dir {
					t.Errorf("replica %d lives in %s, want %s", replica, value, told.Dir)
				}
			case "TMPDIR":
				if info, err := os.Stat(value); err != nil || !info.IsDir() || !strings.HasPrefix(value, told.Dir+"/") {
					t.Errorf("replica %d has the temporary directory %s, %v", replica, value, err)
				}
			}
		}
	}
	if pids[0] == pids[1] {
		t.Error("both replicas are one process")
	}
	for i, process := range server.Processes() {
		if want := "program/" + string(rune('0'+i)); process.Name != want || process.PID != pids[i] || process.RSS < 1<<20 {
			t.Errorf("process %d is %+v, want %s with pid %d and memory", i, process, want, pids[i])
		}
	}
	if got := len(server.Processes()); got != 2 {
		t.Errorf("there are %d processes", got)
	}
	if handlers := server.Handlers(); !slices.Equal(handlers, []http.Handler{nil, nil}) {
		t.Errorf("the handlers are %v, want none", handlers)
	}
	if !slices.Contains(server.Tail(100), "life 1 of the program") {
		t.Errorf("the log is %q", server.Tail(100))
	}
	dialled := false
	for _, dial := range timeline.Of[timeline.Dial](cluster.Timeline(), mark) {
		dialled = dialled || dial.Fact.From == cluster.APIServers()[0].Name && strings.HasPrefix(dial.Fact.To, "program/")
	}
	if !dialled {
		t.Error("the timeline has no dial of the kube-apiserver to the program")
	}
	if got, want := lives(cluster, mark, "program/1"), []string{"started", "ready"}; !slices.Equal(got, want) {
		t.Errorf("the timeline has %q of a replica, want %q", got, want)
	}
	dir := about(t, server, 0).Dir
	if err := server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		gone(t, pid)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory of a replica is still there: %v", err)
	}
	if code, body := get(t, cluster, service); code != http.StatusServiceUnavailable {
		t.Errorf("after the close the aggregator says %d %s", code, body)
	}
	if err := server.Start(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "the server is being closed") {
		t.Errorf("a start after the close: %v", err)
	}
}

func TestCommandRestartStopStart(t *testing.T) {
	cluster := cluster(t)
	server, service := installProgram(t, cluster, "restarted", 1, testProgram("restarted", ""))
	mark := cluster.Timeline().Mark()
	first := about(t, server, 0)

	if err := server.Restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	gone(t, first.PID)
	second := about(t, server, 0)
	if second.PID == first.PID || second.Life != 2 || !slices.Equal(second.Args, first.Args) {
		t.Errorf("after a restart the replica is %+v, and was %+v", second, first)
	}
	serves(t, cluster, groupVersion(service))

	if err := server.Start(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "start restarted/0: it runs already") {
		t.Errorf("a start of one that runs: %v", err)
	}
	if err := server.Stop(-1); err != nil {
		t.Fatal(err)
	}
	gone(t, second.PID)
	if got := server.Processes(); len(got) != 0 {
		t.Errorf("a server that is stopped has the processes %+v", got)
	}
	if err := server.Stop(0); err == nil || !strings.Contains(err.Error(), "stop restarted/0: it is stopped already") {
		t.Errorf("a second stop: %v", err)
	}
	if err := server.Signal(0, syscall.SIGHUP); err == nil || !strings.Contains(err.Error(), "does not run") {
		t.Errorf("a signal to nobody: %v", err)
	}
	touch(t, server)
	available(t, cluster, service.Name(), "False", "FailedDiscoveryCheck", "nothing listens")
	if err := server.Start(t.Context(), -1); err != nil {
		t.Fatal(err)
	}
	touch(t, server)
	serves(t, cluster, groupVersion(service))
	if told := about(t, server, 0); told.Life != 3 || !slices.Equal(told.Args, first.Args) {
		t.Errorf("after a start the replica is %+v, and was %+v", told, first)
	}

	// One that ends by itself, with an exit status of its own, is started again.
	if err := server.Signal(0, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ended := func() bool { return len(lives(cluster, mark, "restarted/0")) == 7 }
	for changed := time.NewTicker(time.Millisecond); !ended(); <-changed.C {
		if t.Context().Err() != nil {
			t.Fatal("the process did not end")
		}
	}
	if err := server.Start(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	want := []string{"stopped", "started", "ready", "stopped", "started", "ready", "exited: signal: killed", "started", "ready"}
	if got := lives(cluster, mark, "restarted/0"); !slices.Equal(got, want) {
		t.Errorf("the timeline has %q, want %q", got, want)
	}
	var faults []string
	for _, fault := range timeline.Of[timeline.Fault](cluster.Timeline(), mark) {
		faults = append(faults, fault.Fact.String())
	}
	if want := []string{"restarted/0: stopped", "restarted/0: stopped is over"}; !slices.Equal(faults, want) {
		t.Errorf("the timeline has the faults %q, want %q", faults, want)
	}
}

func TestCommandThatDoesNotStartAgain(t *testing.T) {
	cluster := cluster(t)
	server, _ := installProgram(t, cluster, "unlucky", 1, testProgram("unlucky", "exit-again"))
	err := server.Restart(t.Context(), 0)
	for _, want := range []string{"restart unlucky/0: exited before it was ready, with exit status 5", "the store is locked by the last process"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	// What the process before wrote is none of its business.
	if strings.Contains(err.Error(), "life 1") {
		t.Errorf("the error quotes the process before: %v", err)
	}
}

func TestCommandThatHangs(t *testing.T) {
	cluster := cluster(t)
	server, service := installProgram(t, cluster, "hanging", 1, testProgram("hanging", ""))
	if err := server.Signal(0, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := cluster.WaitServes(ctx, groupVersion(service)); err == nil {
		t.Error("a process that is halted serves")
	}
	if err := server.Signal(0, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	serves(t, cluster, groupVersion(service))
	// Halted again, so that Close has to deal with it: by SIGTERM all the same,
	// within less than what a kill would wait for.
	if err := server.Signal(-1, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("closing took %s", took)
	}
}

func TestCommandRotatesItsCertificate(t *testing.T) {
	cluster := cluster(t)
	for _, test := range []struct {
		name   string
		reload bool
	}{{"reloads", true}, {"remembers", false}} {
		t.Run(test.name, func(t *testing.T) {
			var more []string
			if test.reload {
				more = append(more, "--reload")
			}
			server, service := installProgram(t, cluster, test.name, 2, testProgram(test.name, "", more...))
			if err := server.Rotate(true); err != nil {
				t.Fatal(err)
			}
			if err := cluster.SetCABundle(t.Context(), service.Name(), server.CABundle()); err != nil {
				t.Fatal(err)
			}
			server.Cut(-1)
			touch(t, server)
			if !test.reload {
				available(t, cluster, service.Name(), "False", "FailedDiscoveryCheck", pki.WrongAuthority.Says())
				if err := server.Restart(t.Context(), -1); err != nil {
					t.Fatal(err)
				}
				touch(t, server)
			}
			available(t, cluster, service.Name(), "True", "Passed", "")
			serves(t, cluster, groupVersion(service))

			if err := server.SetCertificateOf(0, harness.CertificateOrder{None: true}); err == nil || !strings.Contains(err.Error(), "TLS is its own") {
				t.Errorf("no certificate: %v", err)
			}
			if err := server.SetTLS(harness.TLS{MinVersion: 0x0304}); err == nil || !strings.Contains(err.Error(), "TLS is its own") {
				t.Errorf("TLS: %v", err)
			}
			if err := server.SetTLS(harness.TLS{}); err != nil {
				t.Errorf("the zero TLS changes nothing, and yet: %v", err)
			}
			if err := server.SetCertificate(pki.Expired); err != nil {
				t.Fatal(err)
			}
			server.Cut(-1)
			touch(t, server)
			if test.reload {
				available(t, cluster, service.Name(), "False", "FailedDiscoveryCheck", pki.Expired.Says())
			} else {
				serves(t, cluster, groupVersion(service))
			}
			if err := server.Reload(); err != nil {
				t.Fatal(err)
			}
			touch(t, server)
			serves(t, cluster, groupVersion(service))
		})
	}
}

func TestCommandWithABadCertificateStarts(t *testing.T) {
	cluster := cluster(t)
	server, err := cluster.Install(t.Context(), harness.ServerConfig{
		Name: "expired-program", Command: testProgram("expired-program", ""), Certificate: pki.Expired,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	client, base, err := server.Client(0, harness.DirectIdentity{})
	if err != nil {
		t.Fatal(err)
	}
	if code, body := ask(t, client, base+"/about", nil); code != 0 || !strings.Contains(body, pki.Expired.Says()) {
		t.Errorf("a client of it got %d %s", code, body)
	}
}

func TestCommandThatDoesNotBecomeReady(t *testing.T) {
	cluster := cluster(t)
	for _, test := range []struct {
		reason, mode string
		change       func(*harness.Command)
		want         []string
	}{
		{"it exits", "exit", nil, []string{
			`install server "not-ready"`, "start not-ready/0: exited before it was ready, with exit status 4", "the store cannot be reached", "life 1"}},
		{"it is not ready in time", "never-ready", func(c *harness.Command) { c.ReadyWithin = 500 * time.Millisecond }, []string{
			"start not-ready/0: not ready: time ran out", "/readyz: 500 [-]informer-sync failed", "life 1"}},
		{"it listens elsewhere", "", func(c *harness.Command) { c.Args[0], c.ReadyWithin = "--listen=127.0.0.1:0", 300*time.Millisecond }, []string{
			"not ready: time ran out", "connection refused"}},
		{"each port is taken", "port-taken", nil, []string{"its port is in use", "address already in use", "life 2"}},
		{"what it runs in is missing", "", func(c *harness.Command) { c.Dir = "{{.Dir}}/missing" }, []string{"start not-ready/0: look at its working directory", "no such file or directory"}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			mark := cluster.Timeline().Mark()
			command := testProgram("not-ready", test.mode)
			if test.change != nil {
				test.change(command)
			}
			_, err := cluster.Install(t.Context(), harness.ServerConfig{Name: "not-ready", Namespace: "not-ready-system", Command: command})
			if err == nil {
				t.Fatal("it was installed")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
			for _, process := range timeline.Of[timeline.Process](cluster.Timeline(), mark) {
				if process.Fact.PID != 0 {
					gone(t, process.Fact.PID)
				}
			}
			client := kubernetes.NewForConfigOrDie(cluster.RESTConfig())
			services, err := client.CoreV1().Services("not-ready-system").List(t.Context(), metav1.ListOptions{})
			if err != nil || len(services.Items) != 0 {
				t.Errorf("there are %d Services left, err %v", len(services.Items), err)
			}
		})
	}
}

func TestCommandTriesAnotherPort(t *testing.T) {
	cluster := cluster(t)
	server, _ := installProgram(t, cluster, "second-try", 1, testProgram("second-try", "port-taken-once"))
	if told := about(t, server, 0); told.Life != 2 {
		t.Errorf("it serves in its life %d, want 2", told.Life)
	}
}

func TestCommandThatIgnoresTheEndIsKilled(t *testing.T) {
	cluster := cluster(t)
	command := testProgram("stubborn", "ignore-term")
	command.StopWithin = 100 * time.Millisecond
	server, _ := installProgram(t, cluster, "stubborn", 1, command)
	first := about(t, server, 0)
	if err := server.Restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	gone(t, first.PID)
	if told := about(t, server, 0); told.Life != 2 {
		t.Errorf("it serves in its life %d, want 2", told.Life)
	}
}

func TestStartOfACommandIsCalledOff(t *testing.T) {
	cluster := cluster(t)
	server, _ := installProgram(t, cluster, "called-off", 1, testProgram("called-off", ""))
	if err := server.Stop(0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Start(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("a start that is called off: %v", err)
	}
	// It is stopped still, and can be started.
	if err := server.Start(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
}

func TestCloseEndsAStartOfACommand(t *testing.T) {
	cluster := cluster(t)
	server, _ := installProgram(t, cluster, "slow", 1, testProgram("slow", "never-ready-again"))
	started := make(chan struct{})
	var once sync.Once
	mark := cluster.Timeline().Mark()
	defer cluster.Timeline().Listen(func(entry timeline.Entry) {
		if process, ok := entry.Fact.(timeline.Process); ok && process.Name == "slow/0" && process.What == "started" {
			once.Do(func() { close(started) })
		}
	})()
	restarted := make(chan error, 1)
	go func() { restarted <- server.Restart(t.Context(), 0) }()
	<-started
	if err := server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-restarted; err == nil || !strings.Contains(err.Error(), "restart slow/0: not ready: the server is being closed") {
		t.Errorf("the restart ended with %v", err)
	}
	if got, want := lives(cluster, mark, "slow/0"), []string{"stopped", "started", "stopped"}; !slices.Equal(got, want) {
		t.Errorf("the timeline has %q, want %q", got, want)
	}
}

func TestOnlyACommandHasProcesses(t *testing.T) {
	cluster := cluster(t)
	server, service := install(t, cluster, "in-process", 1)
	for what, err := range map[string]error{
		"restart": server.Restart(t.Context(), 0), "stop": server.Stop(0), "start": server.Start(t.Context(), 0),
		"signal": server.Signal(0, syscall.SIGHUP),
	} {
		if err == nil || !strings.Contains(err.Error(), what+" a replica") || !strings.Contains(err.Error(), "is a handler in this process") {
			t.Errorf("%s: %v", what, err)
		}
	}
	serves(t, cluster, schema.GroupVersion{Group: service.Group, Version: service.Version})
	program, _ := installProgram(t, cluster, "one-process", 1, testProgram("one-process", ""))
	if err := program.Stop(1); err == nil || !strings.Contains(err.Error(), "has no replica 1") {
		t.Errorf("a replica that is not there: %v", err)
	}
}
