"""Conversion of hand-written Triton repositories into manifests; see `model_builders.importer`."""
