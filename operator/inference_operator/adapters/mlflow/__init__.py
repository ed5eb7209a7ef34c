"""MLflow as a model registry: look-ups of versions, and promotion tags."""
