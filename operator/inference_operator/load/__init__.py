"""`inference-operator load`: the init container that lays out Triton's model repository.

Imports neither kopf nor kubernetes, and heavy packages only where they are needed: it must start at
once in every pod.
"""
