"""HTTP: the port for probes and metrics, and bounded answers of other servers."""
