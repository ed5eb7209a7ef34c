"""Triton's model repository on disk: archives, checks and folders of versions."""
