"""Fuzzing of everything that reads foreign text: `make fuzz`, and a short run in `make check`.

A target is one entry point with seeds, a mutator and the errors that it may raise. Each target runs
in a process of its own, under limits of CPU time and memory. See docs/testing.md.
"""
