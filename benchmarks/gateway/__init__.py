"""The prediction gateway beside direct calls to Triton, and beside a program as people write it."""
