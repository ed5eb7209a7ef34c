"""Import of hand-written Triton repositories; `model_builders.importer` is the entry point."""
