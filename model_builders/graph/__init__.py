"""A pipeline's graph: its steps and the tensors between them, checked before any pod starts."""
