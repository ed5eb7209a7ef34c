//go:build tools

// Package tools pins the program that hack/cluster builds.
package tools

import _ "github.com/zegl/kube-score/cmd/kube-score"
