"""The sidecar of serving pods: it asks the model, and tells the kubelet whether it answers.

It must stay small: it imports the standard library, and the few modules of `api` and `domain` that
do the same.
"""
