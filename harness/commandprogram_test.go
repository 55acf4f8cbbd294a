// SPDX-License-Identifier: Apache-2.0

package harness_test

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/aggtest/aggtest/harness"
)

// programVariable makes the test binary an extension API server in a process of
// its own.
const programVariable = "AGGTEST_TEST_PROGRAM"

func init() {
	if os.Getenv(programVariable) != "" {
		beProgram()
		os.Exit(0)
	}
}

// aboutProgram is what a program tells of itself.
type aboutProgram struct {
	PID  int
	Dir  string
	Args []string
	Env  []string
	// Life counts the program's starts in its directory.
	Life int
}

// beProgram serves a group version, and about itself at /about.
func beProgram() {
	flags := flag.NewFlagSet("program", flag.ExitOnError)
	listen := flags.String("listen", "", "")
	certificate := flags.String("cert", "", "")
	key := flags.String("key", "", "")
	dir := flags.String("dir", "", "")
	groupVersion := flags.String("group-version", "", "")
	reload := flags.Bool("reload", false, "read the certificate at each handshake")
	mode := flags.String("mode", "", "")
	flags.String("rest", "", "what the test wants to see filled in")
	_ = flags.Parse(os.Args[1:])
	about := aboutProgram{PID: os.Getpid(), Args: os.Args[1:], Env: os.Environ()}
	about.Dir, _ = os.Getwd()
	about.Life = count(filepath.Join(*dir, "lives"))
	fmt.Printf("life %d of the program\n", about.Life)
	switch {
	case *mode == "exit":
		fmt.Fprintln(os.Stderr, "the store cannot be reached")
		os.Exit(4)
	case *mode == "exit-again" && about.Life > 1:
		fmt.Fprintln(os.Stderr, "the store is locked by the last process")
		os.Exit(5)
	case *mode == "port-taken-once" && about.Life == 1, *mode == "port-taken":
		fmt.Fprintf(os.Stderr, "listen tcp %s: bind: address already in use\n", *listen)
		os.Exit(1)
	case *mode == "ignore-term":
		signal.Ignore(syscall.SIGTERM)
	}
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	config := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if !*reload {
			return &pair, nil
		}
		now, err := tls.LoadX509KeyPair(*certificate, *key)
		return &now, err
	}}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if *mode == "never-ready" || *mode == "never-ready-again" && about.Life > 1 {
			http.Error(w, "[-]informer-sync failed", http.StatusInternalServerError)
			return
		}
		// As of a server that asks who wants to know.
		w.WriteHeader(http.StatusUnauthorized)
	})
	mux.HandleFunc("/about", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(about) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":%q,"resources":[]}`, *groupVersion)
	})
	server := &http.Server{Handler: mux, TLSConfig: config}
	fmt.Fprintln(os.Stderr, server.ServeTLS(listener, "", ""))
	os.Exit(1)
}

// count counts how often it was called for a file.
func count(file string) int {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0
	}
	defer f.Close()
	_, _ = f.WriteString("x")
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	return int(info.Size())
}

// testProgram is the test binary as a server of <name>.example.com/v1.
func testProgram(name, mode string, more ...string) *harness.Command {
	return &harness.Command{
		Path: os.Args[0],
		Args: append([]string{
			"--listen={{.Host}}:{{.Port}}", "--cert={{.CertFile}}", "--key={{.KeyFile}}", "--dir={{.Dir}}",
			"--group-version=" + name + ".example.com/v1", "--mode=" + mode,
		}, more...),
		Env: []string{programVariable + "=1"},
	}
}

// about asks a replica about itself, past the aggregator.
func about(t *testing.T, server *harness.Server, replica int) aboutProgram {
	t.Helper()
	client, base, err := server.Client(replica, harness.DirectIdentity{})
	if err != nil {
		t.Fatal(err)
	}
	code, body := ask(t, client, base+"/about", nil)
	var told aboutProgram
	if err := json.Unmarshal([]byte(body), &told); err != nil {
		t.Fatalf("asked replica %d about itself: %d %s", replica, code, body)
	}
	return told
}
