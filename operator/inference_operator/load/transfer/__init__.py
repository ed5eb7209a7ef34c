"""How bytes arrive: connections, ranged and resumed downloads, digests, limits."""
