//go:build tools

// Package tools pins the program that the benchmarks run for fake nodes and pods.
package tools

import _ "sigs.k8s.io/kwok/cmd/kwok"
