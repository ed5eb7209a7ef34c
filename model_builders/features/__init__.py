"""Features of prices and texts: one implementation for training, serving and tests.

They need only numpy and the standard library, do no IO, and are never imported by the operator.
"""
