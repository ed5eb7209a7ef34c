"""The folder of torch that a container runtime mounts read-only on /opt/torch.

PyPI's torch is a CUDA build of several GB: in an image it would be copied at every build. Made by
uv's hard links it costs next to nothing beside a .venv that has the same versions.
"""

import re
import shutil
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.console import run, step
from hack.images import store
from hack.uv import uv

_LOCK = Path(__file__).resolve().parents[2] / "requirements/training.txt"


def torch_dir() -> Path:
    """Return a folder with torch and its dependencies, as requirements/training.txt pins them."""
    folder = cache_root() / "torch"
    key = key_of(*sorted(re.findall(r"^[\w.-]+==\S+", _LOCK.read_text(), re.MULTILINE)))
    target = store.published(folder / f"torch-{key}", _install)
    store.keep_newest(folder, "torch-", count=1)
    return target


def _install(partial: Path) -> None:
    with step("laying out torch for the Triton pods"):
        # Constraints, not the whole lock: only what torch itself asks for.
        install: list[str | Path] = [
            uv(),
            "pip",
            "install",
            "--quiet",
            "--python-version=3.11",
            "--no-build",
        ]
        run(
            [*install, "--target", partial, "--constraints", _LOCK, _pinned("torch")],
            remedy="Check that PyPI (or the index that uv is configured with) answers.",
        )
    # numpy 2 would shadow the image's numpy 1, with which alone Triton's Python backend works.
    for shadow in partial.glob("numpy*"):
        shutil.rmtree(shadow)


def _pinned(name: str) -> str:
    pin = re.search(rf"^{name}==\S+", _LOCK.read_text(), re.MULTILINE)
    assert pin, f"{name} is not pinned in {_LOCK}"
    return pin.group()
