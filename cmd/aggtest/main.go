// SPDX-License-Identifier: Apache-2.0

// Command aggtest boots a real kube-apiserver with its aggregation layer, puts
// extension API servers behind APIServices, breaks what is between them, and
// runs scenarios that say what must then hold.
//
// Its verbs explain themselves: aggtest --help, and aggtest VERB --help.
package main

import "os"

func main() { os.Exit(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
