"""Import of a Triton repository into manifests that render the same config.pbtxt files.

Settings with a field in the API are written there, the rest goes to configOverrides. Every manifest
is rendered and compared before it is returned. Labels and warm-up data beside the version folders
are left out, with a warning. Three absent fields get Triton's defaults: the `name` from the folder,
the backend from the file, and the count of instances. Kubernetes does not allow every name of
Triton (`lstm_price`): the resource is then `lstm-price`, and its `name` field keeps Triton's.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inference_operator.api.base import API_VERSION
from inference_operator.api.ensemble_pipeline import KIND as ENSEMBLE_PIPELINE
from inference_operator.api.ensemble_pipeline import ReferenceKind
from inference_operator.api.inference_model import KIND as INFERENCE_MODEL
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.problem import Problem
from inference_operator.api.serving_spec import MAX_NAME
from model_builders.checks import check
from model_builders.importing.changes import (
    ignored_fields,
    lost_batching,
    pipeline_version,
    served_versions,
    version_changes,
)
from model_builders.importing.cycles import find_cycle
from model_builders.importing.dropped_files import drop_files, drop_unread
from model_builders.importing.ensembles import (
    Served,
    ensemble_spec,
    gpus_of,
    graph_problems,
    is_ensemble,
    other_versions,
)
from model_builders.importing.failure import ImportFailedError
from model_builders.importing.folders import ModelFolder, model_folders, sha256
from model_builders.importing.lookalikes import no_main_file, no_version, passed_over
from model_builders.importing.model import Serving, format_of, main_file, model_spec
from model_builders.importing.sequence_ids import ids_of_samples
from model_builders.protobuf import ModelConfig


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import; `source_prefix` is the address of the repository for the cluster."""

    source_prefix: str
    namespace: str | None = None
    gpus: int = 0
    """GPUs for models whose config does not declare a kind of instance."""
    secret: str | None = None
    """Name of the Secret with the credentials of the sources."""
    folder_digest: Callable[[Path], str] | None = None
    """Digest of a version folder with several files; None leaves such artifacts unpinned."""


@dataclass(slots=True)
class Imported:
    """Manifests in the order of names, models first; warnings and failures are messages."""

    manifests: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    """Names of the resources that the operator will refuse; the warnings give the reasons."""


def import_repository(path: Path, options: ImportOptions) -> Imported:
    """Import every model and ensemble below `path`; raises OSError if it cannot be read."""
    return _Import(options).run(model_folders(path))


def resource_name(name: str) -> str:
    """Return a Kubernetes name: `lstm-price-v2` for `LSTM_price.v2`; "" if no letter is left."""
    name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return re.sub(r"^[^a-z]+", "", name)[:MAX_NAME].strip("-")


class _Import:
    def __init__(self, options: ImportOptions) -> None:
        self._options = options
        self._result = Imported()
        self._served: dict[str, Served] = {}
        self._configs: dict[str, ModelConfig] = {}
        self._steps: dict[str, set[str]] = {}
        self._failed: set[str] = set()

    def run(self, folders: Iterable[tuple[str, ModelFolder | ImportFailedError]]) -> Imported:
        ensembles = []
        for name, folder in folders:
            if isinstance(folder, ImportFailedError):
                self._fail(name, folder)
            elif is_ensemble(folder.config):
                ensembles.append(folder)
            else:
                self._attempt(folder, self._model)
        self._steps = {folder.name: _step_models(folder) for folder in ensembles}
        for folder in self._inner_first(ensembles):
            self._attempt(folder, self._ensemble)
        return self._result

    def _inner_first(self, ensembles: list[ModelFolder]) -> list[ModelFolder]:
        """Return the ensembles in an order in which inner ensembles come first."""
        names = set(self._steps)
        ordered: list[ModelFolder] = []
        pending = list(ensembles)
        while pending:
            done = {folder.name for folder in ordered}
            ready = [f for f in pending if not (self._steps[f.name] & names) - done]
            ordered += ready or pending
            pending = [f for f in pending if f not in ordered]
        return ordered

    def _attempt(self, folder: ModelFolder, convert: Callable[[ModelFolder, str], None]) -> None:
        try:
            self._check_name(folder)
            convert(folder, self._new_name(folder.name))
        except ImportFailedError as failure:
            self._fail(folder.name, failure)
        except OSError as error:
            self._fail(folder.name, ImportFailedError(str(error)))

    def _fail(self, name: str, failure: ImportFailedError) -> None:
        self._failed.add(name)
        self._result.failures.append(f"{name}: {failure}")

    def _warn(self, name: str, sentence: str) -> None:
        self._result.warnings.append(f"{name}: {sentence}")

    def _warn_refused(self, served_name: str, name: str, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self._result.refused.add(name)
            self._warn(served_name, f"the operator will refuse it: {problem}")

    @staticmethod
    def _check_name(folder: ModelFolder) -> None:
        if folder.config.name not in ("", folder.name):
            raise ImportFailedError(
                f'found name: "{folder.config.name}" in its config.pbtxt, expected the folder\'s'
                " name; Triton does not load such a model: rename one of the two"
            )

    def _new_name(self, served_name: str) -> str:
        # Triton serves a model called 42; a name of Kubernetes begins with a letter.
        name = resource_name(served_name)
        if not name and re.search(r"[0-9]", served_name, re.ASCII):
            name = resource_name(f"model-{served_name}")
        if not name:
            raise ImportFailedError("found no letter in its name, expected at least one; rename it")
        taken = {model.resource_name for model in self._served.values()}
        if name not in taken:
            return name
        tries = (f"{name[: MAX_NAME - 3]}-{number}" for number in range(2, 100))
        unique = next((other for other in tries if other not in taken), None)
        if unique is None:
            raise ImportFailedError(f"found 100 models that would be called {name}; rename some")
        self._warn(served_name, f"the resource is called {unique}, since {name} is taken")
        return unique

    def _model(self, folder: ModelFolder, name: str) -> None:
        version = self._version(folder)
        files = folder.version_files(version)
        model_format = format_of(folder.config, files)
        main = main_file(folder.config, model_format, files)
        source = self._source(folder, version, main)
        serving = Serving(folder.name, name, source, self._options.gpus)
        config, left_out = drop_files(folder, version)
        spec = model_spec(config, model_format, serving)
        kind = ReferenceKind.INFERENCE_MODEL
        self._served[folder.name] = Served(name, kind, version, gpus_of(spec))
        self._configs[folder.name] = config
        self._add(INFERENCE_MODEL, name, spec)
        changes = [
            *ids_of_samples(config),
            *ignored_fields(config),
            *lost_batching(config, model_format),
        ]
        self._warn_about(folder, spec, [*left_out, *changes])
        if backend := spec["model"].get("backend"):
            self._warn(
                folder.name,
                f"it has format custom: spec.triton.image, or the operator's default image, must"
                f" have the backend {backend}",
            )
        parsed = InferenceModelSpec.model_validate(spec)
        self._warn_refused(folder.name, name, check(parsed, name=folder.name))

    def _version(self, folder: ModelFolder) -> int:
        versions = folder.versions()
        if not versions:
            raise ImportFailedError(no_version(folder.path))
        version = served_versions(folder.config, versions)[-1]
        others = [other for other in versions if other != version]
        for sentence in version_changes(version, others):
            self._warn(folder.name, sentence)
        for name in passed_over(folder.path):
            self._warn(folder.name, f"the folder {name} is not imported: Triton passes over it")
        return version

    def _source(self, folder: ModelFolder, version: int, main: str | None) -> dict[str, Any]:
        """Return the source: a single file with its digest, or the version's folder."""
        prefix = f"{self._options.source_prefix.rstrip('/')}/{folder.name}/{version}"
        inside = folder.path / str(version)
        files = folder.version_files(version)
        if main is not None and main not in files:
            raise ImportFailedError(no_main_file(files, version, main))
        if main is not None and files == {main} and (inside / main).is_file():
            return self._with_secret(uri=f"{prefix}/{main}", sha256=sha256(inside / main))
        digest = self._options.folder_digest
        pin = {"sha256": digest(inside)} if digest else {}
        if self._options.source_prefix.startswith("https://"):
            self._warn(
                folder.name,
                f"version {version} has several files: pack them with `tar -C {folder.name}/"
                f"{version} -czf {folder.name}/{version}.tar.gz .` and upload that",
            )
            return self._with_secret(uri=f"{prefix}.tar.gz")
        slash = "" if self._options.source_prefix.startswith("pvc://") else "/"
        return self._with_secret(uri=f"{prefix}{slash}", **pin)

    def _with_secret(self, **source: Any) -> dict[str, Any]:
        secret = self._options.secret
        return {**source, "secretRef": {"name": secret}} if secret else source

    def _ensemble(self, folder: ModelFolder, name: str) -> None:
        self._check_steps_imported(folder.name)
        config, left_out = drop_files(folder, None)
        unread = [*drop_unread(config)]
        spec = ensemble_spec(config, name=folder.name, resource_name=name, served=self._served)
        newest = max(folder.versions(), default=None)
        kind = ReferenceKind.ENSEMBLE_PIPELINE
        self._served[folder.name] = Served(name, kind, newest, gpus_of(spec))
        self._configs[folder.name] = config
        self._add(ENSEMBLE_PIPELINE, name, spec)
        self._warn_about(folder, spec, [*left_out, *unread])
        for sentence in (*pipeline_version(newest), *other_versions(config, self._served)):
            self._warn(folder.name, sentence)
        self._warn_refused(folder.name, name, graph_problems(config, spec, self._configs))

    def _check_steps_imported(self, name: str) -> None:
        """Raise ImportFailedError for a cycle of ensembles, or steps that were not imported."""
        if steps := find_cycle(name, self._steps):
            raise ImportFailedError(
                f"found a cycle of steps, {' -> '.join(steps)}, expected steps that do not lead"
                " back to the ensemble; Triton does not load it: take one of them out"
            )
        if failed := self._steps[name] & self._failed:
            raise ImportFailedError(
                f"found a step of model {min(failed)}, which was not imported, expected one that"
                " was; see the message about that model"
            )

    def _warn_about(
        self, folder: ModelFolder, spec: dict[str, Any], left_out: Iterable[str]
    ) -> None:
        if folder.other_files():
            self._warn(
                folder.name,
                f"not imported: {', '.join(folder.other_files())}; files beside the version folders"
                " (labels, warm-up data) cannot be part of a source",
            )
        for sentence in left_out:
            self._warn(folder.name, sentence)
        cache = spec.get("triton", {}).get("responseCache")
        if cache:
            self._warn(
                folder.name,
                f"responseCache.size is set to {cache['size']}: config.pbtxt does not hold the size"
                " of Triton's cache, its argument --cache-config does",
            )

    def _add(self, kind: str, name: str, spec: dict[str, Any]) -> None:
        metadata = {"name": name}
        if self._options.namespace:
            metadata["namespace"] = self._options.namespace
        self._result.manifests.append(
            {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
        )


def _step_models(folder: ModelFolder) -> set[str]:
    return {step.model_name for step in folder.config.ensemble_scheduling.step}
