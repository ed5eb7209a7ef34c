"""Artifacts on a volume claim, copied from its read-only mount."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from inference_operator.api.problem import SOURCE_URI, Problem
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.api.source_uri import SourceUri
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.digest import CHUNK, files_of, folder_digest, real_path
from inference_operator.load.transfer.progress import Progress
from inference_operator.load.transfer.size_limit import Downloads
from inference_operator.load.transfer.space import require_space

_SHOWN_NAMES = 8


@dataclass(frozen=True, slots=True)
class ClaimPath:
    """A file or folder on a mounted claim; no link on the way to it leaves the claim."""

    claim: Path
    path: Path


@dataclass(frozen=True, slots=True)
class Copied:
    """A copied file or folder: its digest and its size in bytes."""

    sha256: str
    size: int


def find(claims: Path, uri: str) -> ClaimPath:
    """Return the path of `pvc://claim/path` below `claims`; LoadError when it does not exist."""
    name, inner = SourceUri.of(uri).place
    uri = shown_uri(uri)
    claim = claims / name
    if name in ("", ".", "..") or not claim.is_dir():
        raise LoadError(
            Reason.CLAIM_NOT_FOUND,
            f"the volume claim {name!r} of {uri} is not mounted at {claim}",
            "check that a PersistentVolumeClaim of this name is in the namespace",
        )
    root, path = os.path.realpath(claim), real_path(str(claim / inner.lstrip("/")))
    if path is None:
        raise LoadError(
            Reason.ARTIFACT_INVALID,
            f"{uri} leads through more links than Linux follows",
            "name the file itself",
        )
    if not Path(path).is_relative_to(root):
        raise LoadError(
            Reason.ARTIFACT_INVALID,
            f"{uri} leads out of the volume claim {name}",
            "name a path inside of it, and replace links that leave it",
        )
    if not Path(path).exists():
        message = _missing(uri, name, claim, inner)
        raise LoadError(Reason.ARTIFACT_NOT_FOUND, message, "check the path")
    return ClaimPath(Path(root), Path(path))


def copy_file(source: Path, target: Path, model: str, downloads: Downloads) -> Copied:
    """Copy one file; return its digest and size."""
    if not source.is_file():
        value, requirement = "a device, pipe or socket", "a file or a folder"
        problem = Problem(SOURCE_URI, value, requirement, "name another path")
        raise LoadError.of(Reason.ARTIFACT_INVALID, [problem])
    size = source.stat().st_size
    downloads.expect(target, size)
    require_space(target.parent, size, f"the copy of {model}")
    progress = Progress(model, size)
    sha256 = _copy(source, target, progress, downloads)
    progress.end()
    return Copied(sha256, target.stat().st_size)


def copy_folder(source: ClaimPath, target: Path, model: str, downloads: Downloads) -> Copied:
    """Copy a whole folder; links in it become copies of their targets."""
    files = list(files_of(source.path, source.claim))
    size = sum(file.path.stat().st_size for file in files)
    downloads.expect(target, size)
    require_space(target, size, f"the copy of {model}")
    progress = Progress(model, size)
    digests = {}
    for file in files:
        place = target / file.relative
        place.parent.mkdir(parents=True, exist_ok=True)
        digests[file.relative] = _copy(file.path, place, progress, downloads)
    progress.end()
    return Copied(folder_digest(digests), size)


def _copy(source: Path, target: Path, progress: Progress, downloads: Downloads) -> str:
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file, target.open("wb") as out:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            downloads.hold(target, size)
            out.write(chunk)
            digest.update(chunk)
            progress.add(len(chunk))
        if os.fstat(file.fileno()).st_mode & 0o111:
            os.fchmod(out.fileno(), 0o755)
    return digest.hexdigest()


def _missing(uri: str, name: str, claim: Path, inner: str) -> str:
    nearest, rest = claim, [part for part in inner.split("/") if part]
    while rest and (nearest / rest[0]).is_dir():
        nearest = nearest / rest.pop(0)
    there = sorted(entry.name for entry in nearest.iterdir())
    listed = ", ".join(there[:_SHOWN_NAMES]) or "nothing"
    more = f" and {len(there) - _SHOWN_NAMES} more" if len(there) > _SHOWN_NAMES else ""
    where = "/".join((name, *nearest.relative_to(claim).parts))
    return f"{uri} is not there: {where} holds {listed}{more}"
