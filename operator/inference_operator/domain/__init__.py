"""Validated frozen values, without IO: what the decisions and the manifests are made from."""
