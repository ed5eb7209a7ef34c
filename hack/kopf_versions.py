"""The lowest and the newest version of Kopf that the operator supports (ADR 0020).

The newest is the locked one, which is installed. The lowest has a lock of its own, and a folder in
the cache that precedes the installed one in PYTHONPATH.
"""

import sys
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.console import run, step
from hack.images import store
from hack.product import ROOT
from hack.sbom import locked
from hack.uv import uv

LOWEST = ROOT / "requirements" / "kopf-lowest.txt"
NEWEST = ROOT / "requirements" / "operator.txt"


def pinned(lock: Path) -> str:
    """Return the version of Kopf in a lock."""
    version, _ = locked(lock.read_text("utf-8"))["kopf"]
    return version


def lowest_kopf() -> Path:
    """Return a folder with the lowest Kopf alone; the first call installs it."""
    folder = cache_root() / "kopf"
    target = store.published(folder / f"kopf-{key_of(LOWEST)}", _install)
    store.keep_newest(folder, "kopf-")
    return target


def _install(partial: Path) -> None:
    # The packages that it depends on are those of the .venv, whose versions are locked.
    options = ("--quiet", "--no-deps", "--no-build", "--require-hashes", "--python", sys.executable)
    with step(f"installing Kopf {pinned(LOWEST)} for tests"):
        run(
            [uv(), "pip", "install", *options, "--target", partial, "--requirement", LOWEST],
            remedy="Check that PyPI (or the index that uv is configured with) answers.",
        )
