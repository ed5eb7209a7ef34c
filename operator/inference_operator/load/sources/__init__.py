"""Sources of artifacts: S3, GCS, OCI registries, HTTP servers, volumes."""
