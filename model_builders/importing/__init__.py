"""Hand-written Triton repositories into manifests; `model_builders.importer` is the way in."""
