"""Where artifacts come from: S3, GCS, OCI registries, HTTP servers, volumes."""
