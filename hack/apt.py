"""Packages of Debian: installed on this machine, or unpacked into a folder."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hack.cache import cache_root
from hack.console import StepError, run, step
from hack.images import store


def install(packages: Sequence[str]) -> None:
    """Install them on this machine; needs root."""
    names = " ".join(packages)
    by_hand = f"install {names} by hand, as root"
    if shutil.which("apt-get") is None:
        raise StepError(f"missing: {names}; apt-get is not installed", by_hand)
    options = ["-o", "DPkg::Lock::Timeout=300", "--yes", "--quiet", "--no-install-recommends"]
    with step(f"install {names} from Debian"):
        _with_lists(["install", *options, *packages], by_hand)


def unpacked(package: str) -> Path:
    """Return a folder of the cache with the package's files; fetch them if it is missing."""
    folder = cache_root() / "debian" / package
    return store.published(folder, lambda partial: unpack(package, partial))


def unpack(package: str, folder: Path) -> None:
    """Unpack the package's files below `folder`; nothing is installed."""
    with tempfile.TemporaryDirectory() as place:
        download(package, Path(place))
        (archive,) = Path(place).glob("*.deb")
        run(["dpkg-deb", "--extract", archive, folder], remedy="Check that the disk is not full.")


def download(package: str, folder: Path) -> None:
    """Download the package into `folder`."""
    _with_lists(["download", "--quiet", package], "see that Debian's mirror answers", folder)


def _with_lists(words: list[str], remedy: str, cwd: Path | None = None) -> None:
    """Run apt-get; if that fails, update the package lists and try again."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(["apt-get", *words], remedy=remedy, env=env, cwd=cwd)
    except StepError:
        run(["apt-get", "update", "--quiet"], remedy="Repair this machine's apt sources.", env=env)
        run(["apt-get", *words], remedy=remedy, env=env, cwd=cwd)
