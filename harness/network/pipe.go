// SPDX-License-Identifier: Apache-2.0

package network

import "io"

// pipe copies in both directions until both are done. An end of one direction
// closes that direction alone, as it would without us between; an error ends the
// connection.
func (c *conn) pipe(upstream halfCloser) {
	there := make(chan struct{})
	go func() {
		defer close(there)
		c.forward(upstream, c)
	}()
	c.forward(c, upstream)
	<-there
	_ = c.Close()
}

func (c *conn) forward(to, from halfCloser) {
	_, err := io.Copy(to, from)
	if err == nil {
		err = to.CloseWrite()
	}
	if err != nil {
		_ = c.Close()
	}
}
