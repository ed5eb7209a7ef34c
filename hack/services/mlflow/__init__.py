"""MLflow servers for tests and demos: local processes, and one in a cluster."""
