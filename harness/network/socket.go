// SPDX-License-Identifier: Apache-2.0

package network

import (
	"io"
	"net"
	"syscall"
)

// sendBuffer is what a TCP connection's send buffer may grow to by itself on
// Linux. A UNIX socket's does not grow, and with the usual 208 KiB a server and
// the reader of a large answer wait for one another. The kernel gives less where
// net.core.wmem_max is lower.
const sendBuffer = 4 << 20

// enlarge gives a UNIX socket room for a large answer.
func enlarge(side halfCloser) {
	if raw, ok := side.(*net.UnixConn); ok {
		// Less room is only slower.
		_ = raw.SetWriteBuffer(sendBuffer)
	}
}

// abort has the next Close of a TCP connection send a RST. A UNIX socket has
// none: it gives its peer ECONNRESET when it is closed with bytes unread, and
// else the end of the stream.
func abort(side io.Closer) {
	if raw, ok := side.(*net.TCPConn); ok {
		// It fails when the connection is closed already.
		_ = raw.SetLinger(0)
	}
}

// discard reads what is there, so that the next Close is an end and no reset.
// After the shutdown nothing more comes, at a UNIX socket at least.
func discard(side halfCloser) {
	onSocket(side, func(fd int) {
		// It fails when the peer has gone, and then it does not matter.
		_ = syscall.Shutdown(fd, syscall.SHUT_RDWR)
		buffer := make([]byte, 4096)
		for {
			if n, _, err := syscall.Recvfrom(fd, buffer, syscall.MSG_DONTWAIT); n <= 0 || err != nil {
				return
			}
		}
	})
}

// onSocket calls f with the descriptor, though others read and write.
func onSocket(side halfCloser, f func(fd int)) {
	socket, ok := side.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := socket.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { f(int(fd)) })
	}
}

// awaitBytes returns when there is something to read, without reading it, or the
// connection has ended.
func awaitBytes(side halfCloser) {
	socket, ok := side.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return err != syscall.EAGAIN && err != syscall.EINTR
	})
}

// socketPair returns two ends of one connection.
func socketPair() (near, far halfCloser, err error) {
	// A child process that is started meanwhile must not inherit them.
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, err
	}
	if near, err = fileConn(fds[0]); err != nil {
		syscall.Close(fds[1])
		return nil, nil, err
	}
	if far, err = fileConn(fds[1]); err != nil {
		near.Close()
		return nil, nil, err
	}
	return near, far, nil
}
