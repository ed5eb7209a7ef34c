"""Tools for manifests/environments: images by digest, and an environment for each feature branch."""
