// SPDX-License-Identifier: Apache-2.0

package pki

// FrontProxyClientWithFault is [ControlPlane.FrontProxyClient] with one thing
// wrong. Servers behind the aggregator say what [Fault.Says] says, to their log,
// and 401 to the aggregator. A fault that is one of a server's names, and an
// unknown one, is an error.
func (c *ControlPlane) FrontProxyClientWithFault(f Fault) (*Certificate, error) {
	return c.FrontProxy.clientWithFault(f, FrontProxyUser)
}
