"""`inference-operator cache`: a node's store of artifacts, addressed by their digest.

It has neither sources nor credentials: pods upload what they fetched for other pods.
"""
