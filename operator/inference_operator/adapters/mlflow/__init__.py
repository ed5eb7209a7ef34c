"""MLflow as a model registry: asked for versions, and given promotion tags."""
