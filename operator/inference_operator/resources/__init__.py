"""Manifests of the children, one file per Kubernetes kind; pure."""
