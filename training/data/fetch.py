"""Source distributions that carry data: downloaded by pip, verified, and kept in the cache."""

import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hack.cache import cache_root
from hack.uv import uv
from training.data.failure import DataError

_TIMEOUT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Distribution:
    """A release whose archive has the file name `file` and the digest `sha256`."""

    requirement: str
    file: str
    sha256: str


def fetch(source: Distribution, folder: Path | None = None) -> Path:
    """Return the path of the verified archive; downloaded only when `folder` (the cache) lacks it.

    pip asks an archive's setup.py for its dependencies, but verifies the archive before. Raises
    DataError if it cannot be fetched, as without a network, or if its digest differs.
    """
    kept = (folder or cache_root() / "data") / source.file
    if kept.exists() and digest_of(kept) == source.sha256:
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".fetch-") as name:
        file = Path(name) / source.file
        _download(source, file)
        file.replace(kept)
    return kept


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(source: Distribution, path: Path) -> None:
    folder = path.parent
    listed = folder / "requirements.txt"
    listed.write_text(f"{source.requirement} --hash=sha256:{source.sha256}\n")
    command = [str(uv().with_name("python")), "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary=:all:", "--require-hashes", f"--dest={folder}", f"-r{listed}"]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )
    except subprocess.TimeoutExpired:
        raise DataError(
            f"{source.requirement}: pip took more than {_TIMEOUT_SECONDS} s; look at the network"
        ) from None
    if done.returncode != 0:
        raise DataError(
            f"{source.requirement}: pip could not download it, or not with the digest"
            f" {source.sha256}:\n{done.stderr.strip()}\n  What to do: look at the network and at"
            f" pip's settings, or put the archive into {folder.parent} by hand"
        )
