"""`inference-operator cache`: a node's store of artifacts, addressed by their digest.

It has neither sources nor credentials: pods upload artifacts after a fetch, and
download them by their digest.
"""
