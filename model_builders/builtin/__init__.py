"""Steps that come with the operator, as Triton Python models made of the project's own features.

`config` says each one's tensors, `layout` writes its files, `python` holds the code that Triton
runs. Nothing here imports `model_builders.features` or numpy but what is in `python`.
"""
