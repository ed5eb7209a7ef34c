"""`inference-operator load`: the init container that lays out Triton's model repository.

It starts in every pod, so it imports neither kopf nor kubernetes, and heavy packages only when it
needs them.
"""
