"""Conversion of model specs into Triton's config.pbtxt and back, and checks of artifacts.

The only IO is reading an artifact or a repository that the caller names. Heavy packages are not
imported at the top.
"""
