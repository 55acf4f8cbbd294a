// SPDX-License-Identifier: Apache-2.0

package network

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// afterAcceptError is the pause after an accept that went wrong though the
// listener is open, which is when the process has too many files open: long
// enough not to spin, short enough not to be felt once there are files again.
const afterAcceptError = 10 * time.Millisecond

// door is where connections come in: the listener of an egress or a relay, and
// the goroutines that serve what it accepted. The door to the inside has none.
type door struct {
	network *Network
	from    string
	// ctx ends when the door or the network is closed.
	ctx       context.Context
	cancel    context.CancelFunc
	listener  net.Listener
	accepting chan struct{}
	serving   sync.WaitGroup
	close     func() error
}

// open has serve called for each connection, in a goroutine of its own. The
// listener's connections must be halfClosers. It is closed on an error.
func (n *Network) open(from string, listener net.Listener, serve func(*door, *conn)) (*door, error) {
	d := &door{network: n, from: from, listener: listener, accepting: make(chan struct{})}
	d.ctx, d.cancel = context.WithCancel(n.ctx)
	d.close = sync.OnceValue(d.shutdown)
	if err := n.own(d); err != nil {
		d.cancel()
		return nil, errors.Join(err, listener.Close())
	}
	go func() {
		defer close(d.accepting)
		d.accept(serve)
	}()
	return d, nil
}

// openInside makes the door for clients in this process.
func (n *Network) openInside() *door {
	d := &door{network: n, accepting: make(chan struct{})}
	d.ctx, d.cancel = context.WithCancel(n.ctx)
	d.close = sync.OnceValue(d.shutdown)
	close(d.accepting)
	n.parts[d] = struct{}{}
	return d
}

// enter serves a connection of a client in this process. It closes it and returns
// nil when the network is closed.
func (d *door) enter(from string, raw halfCloser) *conn {
	c := d.network.admit(d, from, raw)
	if c != nil {
		c.own(func() { serveConnect(d, c) })
	}
	return c
}

func (d *door) accept(serve func(*door, *conn)) {
	for {
		raw, err := d.listener.Accept()
		switch {
		case err == nil:
			if c := d.network.admit(d, d.from, raw.(halfCloser)); c != nil {
				d.serving.Go(func() { serve(d, c) })
			}
		case errors.Is(err, net.ErrClosed):
			return
		default:
			select {
			case <-d.ctx.Done():
			case <-time.After(afterAcceptError):
			}
		}
	}
}

func (d *door) Close() error { return d.close() }

func (d *door) shutdown() error {
	var err error
	if d.listener != nil {
		err = d.listener.Close()
	}
	// Nothing is admitted after this, so that what is ended below is all there is.
	<-d.accepting
	d.network.end(d.network.matching(func(c *conn) bool { return c.through == d }), stopped)
	d.cancel()
	d.serving.Wait()
	d.network.disown(d)
	return err
}
