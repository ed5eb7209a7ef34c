"""Built-in steps of the operator: Triton Python models made of the project's own features.

`config` declares their tensors, `layout` writes their files, `python` holds the code that Triton
runs. Only `python` imports numpy and all of `model_builders.features`.
"""
