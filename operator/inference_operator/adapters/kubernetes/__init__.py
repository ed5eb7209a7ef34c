"""The API server: reads, watches, writes, leases and Events."""
