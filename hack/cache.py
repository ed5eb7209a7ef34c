"""The cache of downloads and builds: outside the work tree, keyed by their inputs."""

import hashlib
import os
from pathlib import Path


def cache_root() -> Path:
    """Return the folder of cached builds; `INFERENCE_OPERATOR_CACHE` overrides the XDG default."""
    if chosen := os.environ.get("INFERENCE_OPERATOR_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "inference-operator"


def key_of(*inputs: Path | str) -> str:
    """Return a short digest of files (by content; folders recursively) and literal strings."""
    digest = hashlib.sha256()
    for item in inputs:
        if isinstance(item, str):
            digest.update(b"s" + item.encode() + b"\0")
            continue
        for file in _files(item):
            digest.update(b"f" + str(file.relative_to(item.parent)).encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(f for f in path.rglob("*") if f.is_file() and "__pycache__" not in f.parts)
