// SPDX-License-Identifier: Apache-2.0

package network

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipeEnd is a net.Pipe's end, which works in a bubble with a clock of its own.
type pipeEnd struct{ net.Conn }

func (p pipeEnd) CloseWrite() error { return p.Close() }

// newWire returns a connection to server/0: the dialer's end, and the server's.
func newWire(t *testing.T, n *Network) (near net.Conn, far *conn) {
	t.Helper()
	near, raw := net.Pipe()
	far = n.admit(n.inside, "client", pipeEnd{raw})
	if _, ok := far.reach("10.0.0.1:443", "server/0", nil); !ok {
		t.Fatal("the connection ended before it began")
	}
	return near, far
}

// arrivals reads until the end and says what came when, as "time:bytes".
func arrivals(conn net.Conn) string {
	var seen []string
	start, buffer := time.Now(), make([]byte, 1<<20)
	for {
		n, err := conn.Read(buffer)
		if n > 0 {
			seen = append(seen, fmt.Sprintf("%s:%d", time.Since(start), n))
		}
		if err == io.EOF {
			return strings.Join(append(seen, fmt.Sprintf("%s:EOF", time.Since(start))), " ")
		}
		if err != nil {
			return strings.Join(append(seen, err.Error()), " ")
		}
	}
}

// TestShaping sends chunks of five bytes and reads them at the other end.
func TestShaping(t *testing.T) {
	const ms = time.Millisecond
	cases := []struct {
		name               string
		faults             []Fault
		chunks             int
		toServer, toClient string
		reason             string
		closedByFault      bool
	}{
		{
			name: "none", chunks: 2,
			toServer: "0s:5 0s:5 0s:EOF", toClient: "0s:5 0s:5 0s:EOF", reason: "what the others are compared with",
		},
		{
			name: "Delay", chunks: 2, faults: []Fault{{Kind: Delay, Delay: 100 * ms}},
			toServer: "100ms:5 200ms:5 300ms:EOF", toClient: "100ms:5 100ms:5 100ms:EOF",
			reason: "what the server writes is under way together; what it reads is delayed when it reads, and a pipe holds nothing",
		},
		{
			name: "Delay, to the server", chunks: 1, faults: []Fault{{Kind: Delay, Delay: 100 * ms, Direction: ToServer}},
			toServer: "100ms:5 200ms:EOF", toClient: "0s:5 0s:EOF", reason: "one direction",
		},
		{
			name: "Delay, to the client", chunks: 1, faults: []Fault{{Kind: Delay, Delay: 100 * ms, Direction: ToClient}},
			toServer: "0s:5 0s:EOF", toClient: "100ms:5 100ms:EOF", reason: "the other direction",
		},
		{
			name: "Bandwidth", chunks: 2, faults: []Fault{{Kind: Bandwidth, BytesPerSecond: 500}},
			toServer: "10ms:5 20ms:5 20ms:EOF", toClient: "10ms:5 20ms:5 20ms:EOF", reason: "a byte takes 2 ms, and an end nothing",
		},
		{
			name: "Bandwidth, low", chunks: 1, faults: []Fault{{Kind: Bandwidth, BytesPerSecond: 2}},
			toServer: "500ms:1 1s:1 1.5s:1 2s:1 2.5s:1 2.5s:EOF", toClient: "500ms:1 1s:1 1.5s:1 2s:1 2.5s:1 2.5s:EOF",
			reason: "a byte at a time",
		},
		{
			name: "Bandwidth, to the client", chunks: 1, faults: []Fault{{Kind: Bandwidth, BytesPerSecond: 500, Direction: ToClient}},
			toServer: "0s:5 0s:EOF", toClient: "10ms:5 10ms:EOF", reason: "one direction",
		},
		{
			name: "Slice", chunks: 2, faults: []Fault{{Kind: Slice, SliceBytes: 3}},
			toServer: "0s:3 0s:2 0s:3 0s:2 0s:EOF", toClient: "0s:3 0s:2 0s:3 0s:2 0s:EOF", reason: "small pieces, no pause",
		},
		{
			name: "Slice with pauses, to the server", chunks: 1, faults: []Fault{{Kind: Slice, SliceBytes: 2, Delay: 10 * ms, Direction: ToServer}},
			toServer: "0s:2 10ms:2 20ms:1 30ms:EOF", toClient: "0s:5 0s:EOF", reason: "the pause is between pieces",
		},
		{
			name: "Limit", chunks: 2, faults: []Fault{{Kind: Limit, AfterBytes: 7}}, closedByFault: true,
			toServer: "0s:5 0s:2 0s:EOF", toClient: "0s:5 0s:2 0s:EOF", reason: "seven bytes and the end",
		},
		{
			name: "Limit, to the client", chunks: 2, faults: []Fault{{Kind: Limit, AfterBytes: 7, Direction: ToClient}}, closedByFault: true,
			toServer: "0s:5 0s:5 0s:EOF", toClient: "0s:5 0s:2 0s:EOF", reason: "the other direction does not count",
		},
		{
			name: "two delays", chunks: 1, faults: []Fault{{Kind: Delay, Delay: 100 * ms}, {Kind: Delay, Delay: 20 * ms}},
			toServer: "120ms:5 240ms:EOF", toClient: "120ms:5 120ms:EOF", reason: "delays add up",
		},
		{
			name: "two bandwidths", chunks: 1, faults: []Fault{{Kind: Bandwidth, BytesPerSecond: 500}, {Kind: Bandwidth, BytesPerSecond: 5000}},
			toServer: "10ms:5 10ms:EOF", toClient: "10ms:5 10ms:EOF", reason: "the smaller counts",
		},
		{
			name: "delay, bandwidth, slices and a limit", chunks: 2,
			faults: []Fault{
				{Kind: Delay, Delay: 100 * ms}, {Kind: Bandwidth, BytesPerSecond: 1000},
				{Kind: Slice, SliceBytes: 2, Delay: 10 * ms}, {Kind: Limit, AfterBytes: 4},
			}, closedByFault: true,
			toServer: "102ms:2 114ms:2 114ms:EOF", toClient: "102ms:2 114ms:2 114ms:EOF",
			reason: "first the delay and the pauses, then the line, and the limit ends it all",
		},
	}
	for _, tc := range cases {
		for _, connections := range []Connections{Open, NewOnes} {
			for way, want := range []string{tc.toServer, tc.toClient} {
				t.Run(fmt.Sprintf("%s/%s/%s", tc.name, connections, []Direction{ToServer, ToClient}[way]), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						n := New(nil)
						defer n.Close()
						var near net.Conn
						var far *conn
						if connections == Open {
							near, far = newWire(t, n)
						}
						for _, fault := range tc.faults {
							fault.Connections = connections
							if _, err := n.Break(Link{To: "server"}, fault); err != nil {
								t.Fatal(err)
							}
						}
						if connections == NewOnes {
							near, far = newWire(t, n)
						}
						from, to := near, net.Conn(far)
						if way == toClient {
							from, to = far, near
						}
						sent := make(chan struct{})
						go func() {
							defer close(sent)
							for range tc.chunks {
								if _, err := from.Write([]byte("hello")); err != nil && !tc.closedByFault {
									t.Errorf("write: %v", err)
								}
							}
							if err := from.Close(); err != nil && !tc.closedByFault {
								t.Errorf("close: %v", err)
							}
						}()
						if got := arrivals(to); got != want {
							t.Errorf("got %s, want %s: %s", got, want, tc.reason)
						}
						<-sent
						near.Close()
					})
				})
			}
		}
	}
}

// What a frozen connection holds flows on in order, and nothing is lost, when
// the fault is undone; its deadlines work meanwhile.
func TestFreezeHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(nil)
		defer n.Close()
		near, far := newWire(t, n)
		undo, err := n.Break(Link{}, Fault{Kind: Freeze})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		word := make([]byte, 16)

		// The way there: a read ends with its deadline, and the bytes are there for the next.
		go near.Write([]byte("there"))
		for range 2 {
			if err := far.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			_, err := far.Read(word)
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("read from a frozen connection: %v, want a time-out", err)
			}
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("two reads with a deadline of 1 s took %s", took)
		}
		// As net/http's server does it to stop a read in the background.
		if err := far.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		stopped := make(chan error)
		go func() {
			_, err := far.Read(word)
			stopped <- err
		}()
		synctest.Wait()
		if err := far.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if err := <-stopped; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a read whose deadline was set meanwhile: %v", err)
		}

		// The way back: as much as a socket holds is written, and then there is a deadline.
		if err := far.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		text := make([]byte, window+1000)
		for i := range text {
			text[i] = byte(i * 7 >> 3)
		}
		written, err := far.Write(text)
		if written != window || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d bytes, %v, want %d and a time-out", written, err, window)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("the write with a deadline of 1 s ended after %s", took)
		}

		undo()
		if err := far.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		if got, err := far.Read(word); string(word[:got]) != "there" || err != nil {
			t.Errorf("read %q, %v after the undo", word[:got], err)
		}
		rest := make(chan error)
		go func() {
			_, err := far.Write(text[written:])
			rest <- errors.Join(err, far.Close())
		}()
		got, err := io.ReadAll(near)
		if err != nil || string(got) != string(text) {
			t.Errorf("%d bytes arrived, %v, want the %d that were written", len(got), err, len(text))
		}
		if err := <-rest; err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("what was held took %s after the undo", took-3*time.Second)
		}
	})
}

// Neither end of a frozen connection notices that the other has closed it.
func TestFreezeHidesTheEnd(t *testing.T) {
	for _, byServer := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			n := New(nil)
			defer n.Close()
			near, far := newWire(t, n)
			undo, err := n.Break(Link{}, Fault{Kind: Freeze})
			if err != nil {
				t.Fatal(err)
			}
			closing, other := near, net.Conn(far)
			if byServer {
				closing, other = far, near
				if _, err := far.Write([]byte("bye")); err != nil {
					t.Fatal(err)
				}
			}
			if err := closing.Close(); err != nil {
				t.Fatal(err)
			}
			seen := make(chan string)
			go func() { seen <- arrivals(other) }()
			time.Sleep(time.Hour)
			undo()
			want := "1h0m0s:EOF"
			if byServer {
				want = "1h0m0s:3 1h0m0s:EOF"
				if _, err := far.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
					t.Errorf("the server reads from what it has closed: %v", err)
				}
				if err := far.Close(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("the server closes it again: %v", err)
				}
			}
			if got := <-seen; got != want {
				t.Errorf("by the server %t: the other end sees %s, want %s", byServer, got, want)
			}
			near.Close()
		})
	}
}

// Undoing a delay lets go of what was delayed.
func TestUndoDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(nil)
		defer n.Close()
		near, far := newWire(t, n)
		undo, err := n.Break(Link{}, Fault{Kind: Delay, Delay: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := far.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, undo)
		time.AfterFunc(2*time.Second, func() { far.Write([]byte("again")); far.Close() })
		if got, want := arrivals(near), "1s:5 2s:5 2s:EOF"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// A network that is closed lets nobody wait for what a fault holds.
func TestCloseWhileFrozen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(nil)
		near, far := newWire(t, n)
		if _, err := n.Break(Link{}, Fault{Kind: Freeze}); err != nil {
			t.Fatal(err)
		}
		go near.Write([]byte("there"))
		done := make(chan error)
		go func() {
			_, err := far.Read(make([]byte, 8))
			done <- err
		}()
		go func() {
			_, err := far.Write(make([]byte, 2*window))
			done <- err
		}()
		synctest.Wait()
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := <-done; !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v, want net.ErrClosed", err)
			}
		}
		near.Close()
	})
}

// The same seed gives the same delays, and another seed others.
func TestJitterIsSeeded(t *testing.T) {
	run := func(seed uint64) (seen string) {
		synctest.Test(t, func(t *testing.T) {
			n := New(nil)
			defer n.Close()
			fault := Fault{Kind: Delay, Delay: time.Second, Jitter: time.Second, Seed: seed}
			if _, err := n.Break(Link{}, fault); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				near, far := newWire(t, n)
				go func() {
					near.Write([]byte("hello"))
					near.Close()
				}()
				start := time.Now()
				if _, err := io.ReadFull(far, make([]byte, 5)); err != nil {
					t.Fatal(err)
				}
				took := time.Since(start)
				if took > 2*time.Second {
					t.Errorf("a delay of 1 s with a jitter of 1 s took %s", took)
				}
				seen += took.String() + " "
				far.Close()
			}
		})
		return seen
	}
	first := run(42)
	if again := run(42); again != first {
		t.Errorf("with one seed, first %s and then %s", first, again)
	}
	if other := run(43); other == first {
		t.Errorf("two seeds give the same delays: %s", first)
	}
	delays := strings.Fields(first)
	if delays[0] == delays[1] {
		t.Errorf("two connections have the same delay: %s", first)
	}
}
