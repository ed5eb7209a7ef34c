// CoreDNS with the few plugins that a cluster's own zone needs: a third of the full build.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"
)

// The order is the order in which a query passes them.
func init() {
	dnsserver.Directives = []string{"ready", "errors", "kubernetes", "template"}
}

func main() {
	coremain.Run()
}
