"""Lays out every model of a plan: fetch, check the digest, unpack, check the tensors, put in place.

A model that an earlier container completed is left alone; what it began is gone on with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from inference_operator.api.reasons import Reason
from inference_operator.domain.load_report import LoadedModel, LoadReport
from inference_operator.domain.repository_plan import PlannedModel
from inference_operator.load import claims
from inference_operator.load.archive import is_archive, unpack
from inference_operator.load.credentials import Credentials, read_credentials
from inference_operator.load.digest import file_digest
from inference_operator.load.failure import LoadError, is_disk_full
from inference_operator.load.fetch import Download, Fetcher
from inference_operator.load.layout import Staging, remove_staging
from inference_operator.load.plan import Order
from inference_operator.load.progress import log
from inference_operator.load.space import free_bytes, insufficient, sized
from inference_operator.load.transport import Transport
from inference_operator.load.verify import Verifier


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the pod has what loading needs, and where the repository goes."""

    output: Path
    credentials: Path
    claims: Path


@dataclass(frozen=True, slots=True)
class _Artifact:
    """What the source gave: a file that is still to be laid out, or (None) a folder in place."""

    file: Path | None
    sha256: str
    size: int


def https_fetcher(credentials: Credentials | None) -> Fetcher:
    """What fetches a source that needs these credentials."""
    return Fetcher(Transport(credentials))


class Loader:
    """Lays out models; `fetcher` makes what fetches a source from the source's credentials."""

    def __init__(
        self,
        folders: Folders,
        fetcher: Callable[[Credentials | None], Fetcher] = https_fetcher,
    ) -> None:
        self._folders = folders
        self._fetcher = fetcher

    def load(self, orders: tuple[Order, ...]) -> LoadReport:
        """The whole repository, or LoadError for the first model that cannot be had."""
        loaded = tuple(self._load_one(order) for order in orders)
        remove_staging(self._folders.output)
        names = ", ".join(f"{o.model.name} (version {o.model.version})" for o in orders)
        return LoadReport(Reason.RESOLVED, f"laid out {names}", loaded)

    def _load_one(self, order: Order) -> LoadedModel:
        staging = Staging(self._folders.output, order)
        if (done := staging.complete()) is not None:
            log("already laid out", model=done.name, sha256=done.sha256)
            return done
        try:
            artifact = self._lay_out(order, staging)
        except LoadError as failure:
            # What could not be fetched in time is gone on with after the container's restart.
            if failure.reason is not Reason.FETCH_FAILED:
                staging.discard()
            raise
        except OSError as error:
            raise self._broken(order.model, staging, error) from error
        loaded = LoadedModel(order.model.name, artifact.sha256, artifact.size)
        staging.finish(loaded)
        log("laid out", model=loaded.name, sha256=loaded.sha256, bytes=loaded.bytes)
        return loaded

    def _lay_out(self, order: Order, staging: Staging) -> _Artifact:
        verifier = Verifier(order)
        staging.prepare()
        artifact = self._obtain(order.model, staging)
        kind = _path_of(order.model.uri)
        if artifact.file is not None and is_archive(kind):
            unpack(artifact.file, kind, staging.version)
            staging.unwrap(verifier.main_file)
        elif artifact.file is not None:
            artifact.file.rename(staging.version / verifier.main_file)
        verifier.check(staging.version)
        return artifact

    def _obtain(self, model: PlannedModel, staging: Staging) -> _Artifact:
        if model.uri.startswith("pvc://"):
            artifact = self._copy(model, staging)
        else:
            artifact = self._download(model, staging)
        if model.sha256 not in (None, artifact.sha256):
            raise LoadError(
                Reason.DIGEST_MISMATCH,
                f"{model.name}: found an artifact with sha256 {artifact.sha256}, expected"
                f" {model.sha256}: set spec.model.source.sha256 to the digest of the artifact that"
                " you mean, or put that artifact back at its uri",
            )
        return artifact

    def _copy(self, model: PlannedModel, staging: Staging) -> _Artifact:
        found = claims.find(self._folders.claims, model.uri)
        if found.path.is_dir():
            copied = claims.copy_folder(found, staging.version, model.name)
            return _Artifact(None, copied.sha256, copied.size)
        if is_archive(model.uri):
            return _Artifact(found.path, file_digest(found.path), found.path.stat().st_size)
        copied = claims.copy_file(found.path, staging.download, model.name)
        return _Artifact(staging.download, copied.sha256, copied.size)

    def _download(self, model: PlannedModel, staging: Staging) -> _Artifact:
        held = model.credentials
        credentials = read_credentials(self._folders.credentials / held) if held else None
        fetcher = self._fetcher(credentials)
        download = Download(model.name, model.uri, pinned=model.sha256 is not None)
        fetched = fetcher.fetch(download, staging.work)
        if fetched.resumed and model.sha256 not in (None, fetched.sha256):
            log("the resumed download has a wrong digest: starting over", model=model.name)
            fetched.path.unlink()
            fetched = fetcher.fetch(download, staging.work)
        return _Artifact(fetched.path, fetched.sha256, fetched.size)

    def _broken(self, model: PlannedModel, staging: Staging, error: OSError) -> LoadError:
        written = staging.discard()
        if is_disk_full(error):
            free = free_bytes(self._folders.output)
            return insufficient(
                model.name, f"more than {sized(written)}", self._folders.output, free
            )
        if isinstance(error, PermissionError):
            return LoadError(
                Reason.ARTIFACT_FORBIDDEN,
                f"{model.name}: {error}: let the pod's user or group read it (fsGroup, file modes)",
            )
        return LoadError(Reason.FETCH_FAILED, f"{model.name}: {error}")


def _path_of(uri: str) -> str:
    return uri if uri.startswith("pvc://") else urlsplit(uri).path
