"""Pure functions that render the manifests of the children, one file per Kubernetes kind."""
