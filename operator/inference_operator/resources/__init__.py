"""Manifests of the children, one file for each Kubernetes kind; pure."""
