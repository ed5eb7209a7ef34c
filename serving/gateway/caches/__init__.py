"""Stores of cached answers: memory, files, and Redis. One contract suite tests all of them."""
