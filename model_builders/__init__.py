"""Model specs into Triton's config.pbtxt and back, and artifacts against both; no IO but reading an
artifact or a repository that the caller names, and nothing heavy imported at the top."""
