"""`inference-operator cache`: a node's store of artifacts, addressed by what is in them.

Knows neither sources nor credentials: pods bring what they fetched, and take it by its digest.
"""
