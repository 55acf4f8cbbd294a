// SPDX-License-Identifier: Apache-2.0

// Package controlplane runs etcd and one or more kube-apiservers as child
// processes, through controller-runtime's envtest, and adds what envtest lacks:
// a context, several kube-apiservers on one etcd, the reason of a crash in the
// error, readiness that does not wait for what only polls, a clean environment
// for the children, a stop that nothing holds up, and a sweep of what killed
// runs have left behind.
//
//	c, err := controlplane.Start(ctx, controlplane.Config{...})
//	if err != nil {
//		return err
//	}
//	defer c.Stop()
//	// the administrator can work; roles of RBAC still come
//	err = c.WaitSettled(ctx)
//
// # Around envtest
//
// What envtest takes for the binary is a shell script of ours, which tells its
// pid, cleans the environment and becomes the binary (see launcher). Of the two
// outputs that envtest passes on, one is the log file and the other a pipe, the
// lifeline: the pid comes over it, and its end is the child's. So a child that
// dies is noticed at once, before it is ready and after.
//
// # Breaking it
//
// A kube-apiserver can be stopped and started again on its port, and paused and
// resumed, while the others go on: see [ControlPlane.StopAPIServer] and its
// neighbours. Each start is a new [Process] with the log of the last one
// continued. The files of the front proxy's certificate can be replaced in a
// running one: [ControlPlane.SetFrontProxy].
//
// # What is in the folder
//
//	bin/NAME                launchers
//	pid/NAME                process ids, for a sweep
//	log/NAME.log            all output
//	etcd/  etcd.sock        etcd's data, and its socket for the kube-apiservers
//	KUBE-APISERVER/         certificates, keys, egress-selector.yaml
//
// # Sweeping
//
// A child outlives an owner that is killed. Each run therefore has a [Record], a
// file under os.TempDir()/aggtest-UID/runs, written before the first child is
// started, and [Sweep], which [Start] calls, cleans up after runs whose owner
// has gone. Runs with another TMPDIR are not seen. Other parts of a run put
// their processes, folders and sockets in the same record.
package controlplane
