"""Images without Docker: the Debian base, the operator, and a CPU-only Triton.

From Python: `hack.images.catalog.image_ref(name)`, `archive(name)` and `rootfs(name)`.
"""
