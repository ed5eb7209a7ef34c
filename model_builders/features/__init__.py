"""Features of prices and texts, one implementation for training, serving and tests; numpy and the
standard library only, no IO, and never imported by the operator."""
