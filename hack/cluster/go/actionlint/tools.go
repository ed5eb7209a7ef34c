//go:build tools

// Package tools pins the program that hack/cluster builds.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
