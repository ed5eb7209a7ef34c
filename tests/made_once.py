"""Folders that take long to make, and are made again only when their inputs change."""

import sys
from collections.abc import Callable
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.images import store

ROOT = Path(__file__).parents[1]
# All that decides what a training or an export on this machine's Python leaves.
_INPUTS = (ROOT / "training", ROOT / "model_builders", ROOT / "requirements" / "all.txt")
_KEPT = 3


def made_once(name: str, make: Callable[[Path], None], *inputs: Path | str) -> Path:
    """Return the folder that `make` leaves, which nobody may change.

    It is made again if the files and texts `inputs`, or the sources of training, have changed.
    """
    kept = cache_root() / "trained-in-tests"
    key = key_of(*_INPUTS, sys.version, name, *inputs)
    made = store.published(kept / f"{name}-{key}", make)
    store.keep_newest(kept, f"{name}-", _KEPT)
    return made
