// SPDX-License-Identifier: Apache-2.0

package network

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// Dial connects to an address of the virtual network, host:port with an IP, for a
// client in this process. from is the client's name for the timeline and for
// [Link]. The dial is routed, recorded and broken like a kube-apiserver's; one
// that is refused returns an error that says what the timeline says. The
// connection is the caller's; closing the network ends it. ctx is for the dial
// alone.
func (n *Network) Dial(ctx context.Context, from, address string) (net.Conn, error) {
	conn, err := n.dial(ctx, from, address)
	if err != nil {
		return nil, fmt.Errorf("dial %s as %s: %w", address, from, err)
	}
	return conn, nil
}

func (n *Network) dial(ctx context.Context, from, address string) (net.Conn, error) {
	to, err := parseTarget(address)
	if err != nil {
		return nil, err
	}
	near, far, err := socketPair()
	if err != nil {
		return nil, err
	}
	c := n.inside.enter(from, far)
	if c == nil {
		near.Close()
		return nil, errClosed
	}
	if err := connect(ctx, near, to); err != nil {
		near.Close()
		// It is the serving goroutine that knows why, and it is through by then.
		if why := c.why(); why != "" && ctx.Err() == nil {
			return nil, fmt.Errorf("%s", why)
		}
		return nil, err
	}
	return &dialed{halfCloser: near, local: tcp(n.addresses.of(from)), remote: tcp(to)}, nil
}

// connect asks for the connection, as a kube-apiserver does.
func connect(ctx context.Context, near halfCloser, to netip.AddrPort) error {
	var waker sync.WaitGroup
	done := make(chan struct{})
	waker.Go(func() {
		select {
		case <-done:
		case <-ctx.Done():
			_ = near.SetDeadline(longAgo)
		}
	})
	err := func() error {
		if _, err := fmt.Fprintf(near, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", to, to); err != nil {
			return err
		}
		// One byte at a time: what follows the answer is not for us.
		answer, err := http.ReadResponse(bufio.NewReaderSize(singly{near}, 16), &http.Request{Method: http.MethodConnect})
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("answered %s", answer.Status)
		}
		return nil
	}()
	close(done)
	waker.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return near.SetDeadline(time.Time{})
}

// why is the reason for which there is no connection, or empty.
func (c *conn) why() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused == nil {
		return ""
	}
	return c.refused.record()
}

// singly keeps a buffered reader from taking more than it gives.
type singly struct{ io.Reader }

func (s singly) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(1, len(p))]) }

// dialed is the client's end, with addresses of the virtual network. It is a UNIX
// socket that behaves like TCP where the two differ to a client.
type dialed struct {
	halfCloser
	local, remote net.Addr
}

// Write takes what is written to a peer that is gone, as TCP does until the peer's
// reset arrives. A UNIX socket knows at once, and a client whose write fails has
// no use for what the peer said before it went, such as a TLS alert.
func (d *dialed) Write(p []byte) (int, error) {
	n, err := d.halfCloser.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		return len(p), nil
	}
	return n, err
}

func (d *dialed) LocalAddr() net.Addr  { return d.local }
func (d *dialed) RemoteAddr() net.Addr { return d.remote }

// fileConn makes a connection of a descriptor, which it owns from then on.
func fileConn(fd int) (halfCloser, error) {
	file := os.NewFile(uintptr(fd), "socketpair")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	return conn.(halfCloser), nil
}
