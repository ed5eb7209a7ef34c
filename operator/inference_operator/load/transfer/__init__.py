"""Downloads: connections, ranges, resumption, digests and limits."""
