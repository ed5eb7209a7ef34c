"""The loader of a plan: fetch, check the digest, unpack, check the tensors, put in place.

Built-in steps are written instead of fetched, and ensembles are a config.pbtxt alone.
Models that an earlier container completed are kept, and its unfinished downloads are resumed.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from inference_operator.api.problem import SOURCE_URI, Problem
from inference_operator.api.quoting import short
from inference_operator.api.reasons import Reason
from inference_operator.domain.declared_tensors import DeclaredTensors
from inference_operator.domain.load_report import LoadedModel, LoadReport
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.load.failure import LoadError, is_disk_full
from inference_operator.load.fetch import Fetcher
from inference_operator.load.layout.archive import is_archive, unpack
from inference_operator.load.layout.builtin import VOCABULARY, lay_out_builtin, vocabulary_limit
from inference_operator.load.layout.declared import declared_tensors
from inference_operator.load.layout.foreign_code import check_code
from inference_operator.load.layout.links import check_links
from inference_operator.load.layout.verify import Verifier, check_ensemble
from inference_operator.load.layout.version_folder import Staging, remove_staging
from inference_operator.load.plan import ModelOrder, read_digests
from inference_operator.load.sources import volume_claims
from inference_operator.load.sources.credentials import Secret, read_secret
from inference_operator.load.sources.remote import SET_DIGEST, SOURCE_DIGEST, Artifact, RemoteSource
from inference_operator.load.sources.select import source_for
from inference_operator.load.transfer.digest import digest_of, file_digest
from inference_operator.load.transfer.node_cache import NodeCache
from inference_operator.load.transfer.progress import log
from inference_operator.load.transfer.size_limit import Downloads, SizeLimit
from inference_operator.load.transfer.space import free_bytes, insufficient, sized
from inference_operator.load.transfer.stop import Stop, StoppedError

MODELS_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of the pod that loading reads, and the one for the repository."""

    output: Path
    credentials: Path
    claims: Path
    digests: Path | None = None
    """Where the digests are that the revision has served; absent before its first pod serves."""


def fetcher_of(uri: str, secret: Secret | None) -> Fetcher:
    """Return the fetcher of this source with its Secret."""
    return Fetcher(source_for(uri, secret))


class Loader:
    """A loader of models; `fetcher` makes the Fetcher for a uri and its Secret."""

    def __init__(
        self,
        folders: Folders,
        fetcher: Callable[[str, Secret | None], Fetcher] = fetcher_of,
        cache: NodeCache | None = None,
        size_limit: int | None = None,
    ) -> None:
        """Set the folders; `size_limit` is in bytes, for models without one; None: any size."""
        self._folders, self._fetcher, self._cache = folders, fetcher, cache
        self._size_limit = size_limit
        self._served = read_digests(folders.digests) if folders.digests else {}

    def load(self, orders: tuple[ModelOrder, ...]) -> LoadReport:
        """Lay out the whole repository, or raise the LoadError of the plan's first failure.

        Several models are fetched at once. The first failure ends the other downloads; the
        container's next start resumes them.
        """
        stop = Stop()
        with ThreadPoolExecutor(MODELS_AT_ONCE, "models") as workers:
            futures = [
                workers.submit(self._load_one, o, Downloads(self._limit(o.model), stop.child()))
                for o in orders
            ]
            with suppress(LoadError):
                stop.at_first_error(futures)
        _raise_first(futures)
        done = zip(orders, [future.result() for future in futures], strict=True)
        # An ensemble has no artifact.
        loaded = tuple(model for order, model in done if not _is_ensemble(order))
        remove_staging(self._folders.output)
        names = ", ".join(f"{o.model.name} (version {o.model.version})" for o in orders)
        tensors = self._declared(orders)
        return LoadReport(Reason.RESOLVED, f"laid out {names}", loaded, tensors=tensors)

    def _declared(self, orders: tuple[ModelOrder, ...]) -> DeclaredTensors | None:
        """Return the tensors of the only model; a pipeline's spec has its tensors."""
        if len(orders) != 1 or _is_ensemble(orders[0]) or orders[0].model.builtin is not None:
            return None
        model = orders[0].model
        return declared_tensors(orders[0], self._folders.output / model.name / str(model.version))

    def _load_one(self, order: ModelOrder, downloads: Downloads) -> LoadedModel:
        staging = Staging(self._folders.output, order)
        done = staging.complete()
        if done is not None and self._may_serve(order.model, done.sha256):
            log("already laid out", model=done.name, sha256=done.sha256)
            return done
        try:
            artifact = self._lay_out(order, staging, downloads)
        except LoadError as failure:
            # An unfinished download is resumed after the container's restart.
            if failure.reason is not Reason.FETCH_FAILED:
                staging.discard()
            raise _of(order.model, failure) from failure
        except OSError as error:
            raise _of(order.model, self._broken(order.model, staging, error)) from error
        loaded = LoadedModel(order.model.name, artifact.sha256, artifact.size)
        staging.finish(loaded)
        log("laid out", model=loaded.name, sha256=loaded.sha256, bytes=loaded.bytes)
        return loaded

    def _lay_out(self, order: ModelOrder, staging: Staging, downloads: Downloads) -> Artifact:
        if _is_ensemble(order):
            check_ensemble(order)
            # Triton needs a folder for the version, even an empty one.
            staging.prepare()
            return Artifact(None, "", digest_of(staging.version), 0)
        verifier = Verifier(order)
        staging.prepare()
        artifact = self._obtain(order.model, staging, downloads)
        if artifact.file is not None and is_archive(artifact.kind):

            def check(size: int) -> None:
                downloads.limit.check(size, "after unpacking", "at least ")

            unpack(artifact.file, artifact.kind, staging.version, check)
            if verifier.main_file is not None:
                staging.unwrap(verifier.main_file)
        elif artifact.file is not None:
            staging.put(artifact.file, verifier.main_file or artifact.name)
        # The place of a link decides where it leads: check links after `unwrap`.
        check_links(staging.version)
        check_code(staging.version)
        verifier.check(staging.version)
        return artifact

    def _limit(self, model: PlannedModel) -> SizeLimit:
        if model.builtin is not None:
            return vocabulary_limit()
        most = model.size_limit or self._size_limit
        return SizeLimit(most, is_default=model.size_limit is None)

    def _obtain(self, model: PlannedModel, staging: Staging, downloads: Downloads) -> Artifact:
        fetched = None
        if model.uri is not None:
            fetched = self._fetch(model, model.uri, staging, downloads)
        if model.builtin is not None:
            return lay_out_builtin(model, staging.version, fetched)
        if fetched is None:
            raise LookupError(f"{model.name}: a model without a uri cannot be loaded")
        return fetched

    def _fetch(
        self, model: PlannedModel, uri: str, staging: Staging, downloads: Downloads
    ) -> Artifact:
        if model.claim is not None:
            artifact = self._copy(model, uri, staging, downloads)
        else:
            held = model.credentials
            secret = read_secret(self._folders.credentials / held) if held else None
            remote = RemoteSource(self._fetcher(uri, secret), self._cache, downloads)
            artifact = remote.obtain(model, uri, staging)
        if model.sha256 not in (None, artifact.sha256):
            problem = Problem(
                SOURCE_DIGEST,
                f"an artifact with sha256 {artifact.sha256}",
                f"{model.sha256}",
                f"{SET_DIGEST}, or put that artifact back at its uri",
            )
            raise LoadError.of(Reason.DIGEST_MISMATCH, [problem])
        self._check_served(model, artifact.sha256)
        return artifact

    def _check_served(self, model: PlannedModel, sha256: str) -> None:
        """Raise LoadError if the revision has served another artifact."""
        if not self._may_serve(model, sha256):
            problem = Problem(
                SOURCE_URI,
                f"an artifact with sha256 {sha256}",
                f"{self._served[model.name]}, which this revision has served before",
                f"set {SOURCE_DIGEST} to the digest of the artifact that you mean, which makes a"
                " new revision, or put the former artifact back",
            )
            raise LoadError.of(Reason.ARTIFACTS_DIFFER, [problem], model.name)

    def _may_serve(self, model: PlannedModel, sha256: str) -> bool:
        """Return whether the revision has served this artifact, or none yet."""
        return model.sha256 is not None or self._served.get(model.name) in (None, sha256)

    def _copy(
        self, model: PlannedModel, uri: str, staging: Staging, downloads: Downloads
    ) -> Artifact:
        source = volume_claims.find(self._folders.claims, uri)
        if source.path.is_dir():
            copied = volume_claims.copy_folder(source, staging.version, model.name, downloads)
            return Artifact(None, "", copied.sha256, copied.size)
        if is_archive(uri) and source.path.is_file():
            size = source.path.stat().st_size
            return Artifact(source.path, uri, file_digest(source.path), size)
        copied = volume_claims.copy_file(source.path, staging.download, model.name, downloads)
        return Artifact(staging.download, uri, copied.sha256, copied.size)

    def _broken(self, model: PlannedModel, staging: Staging, error: OSError) -> LoadError:
        written = staging.discard()
        if is_disk_full(error):
            free = free_bytes(self._folders.output)
            return insufficient(
                model.name, f"more than {sized(written)}", self._folders.output, free
            )
        if isinstance(error, PermissionError):
            remedy = "let the pod's user or group read it (fsGroup, file modes)"
            return LoadError(Reason.ARTIFACT_FORBIDDEN, _text(error), remedy)
        message = short(_text(error), 300)
        return LoadError(Reason.FETCH_FAILED, message, "correct it, or the files there")


def _raise_first(loads: "Iterable[Future[LoadedModel]]") -> None:
    """Raise the first failure of the plan, but not that of a download that was told to end."""
    failures = [load.exception() for load in loads if not load.cancelled()]
    for failure in failures:
        if failure is not None and not isinstance(failure, StoppedError):
            raise failure


def _text(error: OSError) -> str:
    """Return the error's message, or its name where it has none."""
    return str(error) or type(error).__name__


def _of(model: PlannedModel, failure: LoadError) -> LoadError:
    """Return the failure with the model's name; a tokenizer's vocabulary is its source."""
    problems = failure.problems
    if model.builtin is not None:
        problems = tuple(p.below(VOCABULARY, "spec.model.source") for p in problems)
    return LoadError.of(failure.reason, problems, model.name)


def _is_ensemble(order: ModelOrder) -> bool:
    return order.model.format is ArtifactFormat.ENSEMBLE
