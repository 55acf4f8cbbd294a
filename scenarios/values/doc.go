// SPDX-License-Identifier: Apache-2.0

// Package values changes what the metrics servers of a running control plane
// give out, from another process: a ConfigMap beside each server carries the
// changes, and the server watches it.
//
//	servers, err := values.Find(ctx, client)
//	server, rule, err := values.Choose(servers, "queue")
//	err = server.Set(ctx, client, rule, change)
//
// The ConfigMap is labelled with the server's name and lists the server's rules in
// an annotation, so that nobody needs to know the scenario's file.
package values
