"""A real Kubernetes on one Debian machine that needs no Docker; see README.md beside this file."""
