"""Steps that come with the operator, as Triton Python models that run the project's own features.

`config` has the tensors of each step, `layout` writes its files, and `python` holds the code that
Triton runs. Only `python` imports `model_builders.features` and numpy.
"""
