"""Images that are built with no Docker: the Debian base, the operator, and a CPU-only Triton.

From Python: `hack.images.catalog.build(name)`, `image_ref(name)`, `rootfs(name)`.
"""
