"""Batches in the background: a folder that survives the process, and the work on it."""
