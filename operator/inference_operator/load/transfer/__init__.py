"""Transfer of bytes: connections, ranged and resumed downloads, digests, limits."""
