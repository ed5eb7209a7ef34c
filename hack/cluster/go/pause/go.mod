module inference.aipx.io/hack/cluster/go/pause

go 1.24.0
