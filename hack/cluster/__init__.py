"""A real Kubernetes on one Debian machine, without Docker: see README.md beside this file."""
