"""Tools for manifests/environments: images by digest, and environments of feature branches."""
