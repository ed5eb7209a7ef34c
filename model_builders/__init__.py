"""Conversion of model specs into Triton's config.pbtxt and back, and checks of artifacts. Only the
artifact or repository that the caller names is read, and nothing heavy is imported at the top."""
