// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// heldPortCanBeTaken tells whether a server can listen on a port that
// [holdPort] holds. Linux lets it when both set SO_REUSEADDR, as net.Listen
// does, and nobody else listens; others want the port free.
const heldPortCanBeTaken = runtime.GOOS == "linux"

// holdPort binds a port of 127.0.0.1 without listening: connections to it are
// refused, and the kernel gives it to nobody who asks for any port. release
// gives it back.
func holdPort(port int) (release func(), err error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, fmt.Errorf("hold port %d: %w", port, err)
	}
	if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("hold port %d: %w", port, err)
	}
	return func() { _ = unix.Close(fd) }, nil
}
