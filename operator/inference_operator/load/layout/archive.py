"""Unpacking of .tar, .tar.gz, .tgz and .zip into a folder, and never outside it.

The archive's owners, times and modes are dropped, except for the executable bit.
"""

import gzip
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from inference_operator.load.layout.links import refused
from inference_operator.load.layout.tar_reader import read_tar
from inference_operator.load.layout.unpacking import Unpacking
from inference_operator.load.layout.zip_reader import read_zip
from inference_operator.load.transfer.space import Budget
from model_builders.zip_files import BROKEN

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")
_BROKEN = (tarfile.TarError, gzip.BadGzipFile, *BROKEN)


def is_archive(path: str) -> bool:
    """Return whether the name is that of an archive (a .pt is a zip too, but not one)."""
    return path.lower().endswith(SUFFIXES)


def unpack(
    archive: Path, kind: str, target: Path, check: Callable[[int], None] = lambda size: None
) -> None:
    """Unpack into the folder `target`; `kind` is the source's name, which ends in a suffix above.

    `check` gets the bytes written so far, and raises LoadError where they are too many.
    LoadError: ArtifactInvalid for unsafe or broken archives, InsufficientDisk beyond free space.
    """
    unpacking = Unpacking(target, Budget(target, f"unpacking {PurePosixPath(kind).name}", check))
    read = read_zip if kind.lower().endswith(".zip") else read_tar
    try:
        read(archive, unpacking)
        unpacking.make_links()
    except _BROKEN as error:
        raise refused(f"it is broken ({error}): upload it again") from None
