"""Fetching of a remote source into a staging folder: a file, or all files of a folder."""

import hashlib
import shutil
from collections.abc import Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from inference_operator.api.problem import SOURCE_URI, Problem
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.domain.repository_plan import PlannedModel
from inference_operator.load.failure import LoadError
from inference_operator.load.fetch import Fetched, Fetcher
from inference_operator.load.layout.links import MAX_DEPTH, MAX_NAME, shown
from inference_operator.load.layout.version_folder import Staging
from inference_operator.load.transfer.digest import folder_digest
from inference_operator.load.transfer.node_cache import NodeCache
from inference_operator.load.transfer.progress import log
from inference_operator.load.transfer.resumable_download import Download
from inference_operator.load.transfer.size_limit import Downloads, unlimited
from inference_operator.load.transfer.source import MOST_FILES, Listing, RemoteFile

SOURCE_DIGEST = "spec.model.source.sha256"
SET_DIGEST = "set it to the digest of the artifact that you mean"

FILES_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Artifact:
    """A fetched artifact: a file that is not laid out yet, or (None) a folder in place.

    `kind` is the file's address or name; its suffix shows whether it is an archive.
    """

    file: Path | None
    kind: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's own name: the last part of its address.

        >>> Artifact(Path("download"), "/fraud/7/xgboost%5Fv2.json", "", 0).name
        'xgboost_v2.json'
        """
        return PurePosixPath(unquote(self.kind)).name


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """A remote source, and the node's cache if there is one."""

    fetcher: Fetcher
    cache: NodeCache | None = None
    downloads: Downloads = field(default_factory=unlimited)

    def obtain(self, model: PlannedModel, uri: str, staging: Staging) -> Artifact:
        """Download the source's file, or lay its folder out in the version's folder."""
        listing = self.fetcher.files(uri, self.downloads.stop)
        if listing.is_folder:
            return self._folder(model, listing, staging)
        (file,) = listing.files
        _check_pin(model, file)
        fetched = self._file(model, file, staging.work, model.sha256 or file.sha256)
        return Artifact(fetched.path, file.name, fetched.sha256, fetched.size)

    def _folder(self, model: PlannedModel, listing: Listing, staging: Staging) -> Artifact:
        if len(listing.files) > MOST_FILES:
            raise _invalid(
                f"a folder of {len(listing.files):,} files",
                f"at most {MOST_FILES:,}",
                "pack them into an archive",
            )
        log("fetching a folder", model=model.name, files=len(listing.files))
        places = [_inside(staging.version, file.name) for file in listing.files]
        _check_apart(staging.version, places)

        parts = staging.work / "files"
        _remove_others(parts, {_part(file) for file in listing.files})

        def fetch(file: RemoteFile) -> Fetched:
            own = parts / _part(file)
            own.mkdir(parents=True, exist_ok=True)
            return self._file(model, file, own, file.sha256)

        with ThreadPoolExecutor(FILES_AT_ONCE, "files") as workers:
            fetches = [workers.submit(fetch, file) for file in listing.files]
            files = self.downloads.stop.at_first_error(fetches)
        for fetched, place in zip(files, places, strict=True):
            place.parent.mkdir(parents=True, exist_ok=True)
            fetched.path.rename(place)
        digests = {r.name: f.sha256 for r, f in zip(listing.files, files, strict=True)}
        return Artifact(None, "", folder_digest(digests), sum(f.size for f in files))

    def _file(
        self, model: PlannedModel, file: RemoteFile, folder: Path, sha256: str | None
    ) -> Fetched:
        download = Download(model.name, file.uri, sha256 is not None, self.downloads)

        def fetch() -> Fetched:
            fetched = self.fetcher.fetch(download, folder)
            if fetched.resumed and sha256 not in (None, fetched.sha256):
                log("the resumed download has a wrong digest: starting over", model=model.name)
                fetched.path.unlink()
                fetched = self.fetcher.fetch(download, folder)
            return fetched

        if self.cache is None or sha256 is None:
            fetched = fetch()
        else:
            fetched = self.cache.obtain(download, sha256, folder, fetch)
        if file.sha256 not in (None, fetched.sha256):
            problem = Problem(
                SOURCE_URI,
                f"{file.name or shown_uri(file.uri)} with sha256 {fetched.sha256}",
                f"{file.sha256}, as its manifest says",
                "push the artifact again",
            )
            raise LoadError.of(Reason.DIGEST_MISMATCH, [problem])
        return fetched


def _part(file: RemoteFile) -> str:
    """Return the name of the folder that the file is fetched into."""
    return hashlib.sha256(file.uri.encode()).hexdigest()[:32]


def _remove_others(folder: Path, parts: Set[str]) -> None:
    """Remove downloads of an earlier container whose files are no longer in the listing."""
    if folder.is_dir():
        for left in folder.iterdir():
            if left.name not in parts:
                shutil.rmtree(left, ignore_errors=True)


def _check_pin(model: PlannedModel, file: RemoteFile) -> None:
    if model.sha256 and file.sha256 not in (None, model.sha256):
        value = f"an artifact with sha256 {file.sha256}"
        problem = Problem(SOURCE_DIGEST, value, model.sha256, SET_DIGEST)
        raise LoadError.of(Reason.DIGEST_MISMATCH, [problem])


def _invalid(value: str, requirement: str, remedy: str) -> LoadError:
    problem = Problem(SOURCE_URI, value, requirement, remedy)
    return LoadError.of(Reason.ARTIFACT_INVALID, [problem])


def _inside(folder: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or not name.isprintable():
        value = f"a file called {shown(name)}, which would be written outside of the model's folder"
        raise _invalid(value, "names within it", "rename it")
    if len(name) > MAX_NAME or len(path.parts) > MAX_DEPTH:
        raise _invalid(
            f"a file called {shown(name)}, with {len(name):,} characters and {len(path.parts)}"
            " levels",
            f"at most {MAX_NAME:,} and {MAX_DEPTH}",
            "rename it",
        )
    return folder / path


def _check_apart(folder: Path, places: list[Path]) -> None:
    """Object stores may hold `a` and `a/b`; a folder cannot."""
    parents = {parent for place in places for parent in place.parents}
    seen: set[Path] = set()
    for place in places:
        if place in seen or place in parents:
            raise LoadError(
                Reason.ARTIFACT_INVALID,
                f"{place.relative_to(folder)} is twice in the source, as a file or as a folder",
                "rename one",
            )
        seen.add(place)
