"""`inference-operator cache`: a node's store of artifacts, addressed by their digests.

It does not know sources or credentials: pods upload their downloads, and read them by digest.
"""
