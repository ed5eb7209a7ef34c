"""Resolver of registry URIs through MLflow; it remembers answers that cannot change."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inference_operator.adapters.mlflow.client import Mlflow, ModelVersion, RegistryError
from inference_operator.adapters.web.bounded_answer import SHOWN, AnswerTooLongError
from inference_operator.api.problem import SOURCE_URI, Problem
from inference_operator.api.quoting import beginning, listed, short
from inference_operator.api.reasons import Reason
from inference_operator.domain.http_credentials import Credentials
from inference_operator.domain.mlmodel import (
    MLMODEL_BYTES,
    TOO_LONG,
    ModelUnusableError,
    facts,
    file_facts,
)
from inference_operator.domain.resolution import Facts, RegistryUri, Resolved

log = logging.getLogger(__name__)

# A version's MLmodel file lies here in its folder.
_MLMODEL = "MLmodel"
# Triton's version of a run's model, which has no version of its own.
_UNVERSIONED = 1

Answer = Resolved | RegistryError


@dataclass(frozen=True, slots=True)
class _Known:
    run_id: str
    facts: Facts


class Resolver:
    """Resolver of one subject's URIs at a time; it remembers versions."""

    def __init__(self, mlflow: Mlflow) -> None:
        self._mlflow = mlflow
        # Keyed with the registered model's time of creation: a name may be used again, and then
        # its versions count from 1 again.
        self._versions: dict[tuple[str, int, int], _Known] = {}
        self._created: dict[str, int] = {}

    async def resolve(self, uris: Iterable[str], access: Credentials) -> Mapping[str, Answer]:
        """Return each URI's version, or its error; all URIs are of one subject.

        One failed URI does not affect the others. RegistryError where the registered model itself
        cannot be read: one request reads all its aliases.
        """
        asked = {uri: parts for uri in uris if (parts := RegistryUri.of(uri))}
        if not asked:
            return {}
        name = next(iter(asked.values())).name
        aliases: Mapping[str, int] = {}
        if any(parts.alias for parts in asked.values()):
            model = await self._mlflow.model(name, access)
            self._created[name], aliases = model.created, model.aliases
        return {uri: await self._answer(uri, ref, aliases, access) for uri, ref in asked.items()}

    def forget_versions(self, name: str) -> None:
        """Read the model's versions again next time: one may have been deleted."""
        self._versions = {key: v for key, v in self._versions.items() if key[0] != name}

    def keep(self, names: Iterable[str]) -> None:
        """Forget all other registered models."""
        kept = set(names)
        self._versions = {key: v for key, v in self._versions.items() if key[0] in kept}
        self._created = {name: at for name, at in self._created.items() if name in kept}

    async def _answer(
        self, uri: str, parts: RegistryUri, aliases: Mapping[str, int], access: Credentials
    ) -> Answer:
        try:
            if parts.run:
                return await self._run(uri, parts, access)
            return await self._version(uri, parts, _version_of(parts, aliases), access)
        except Exception as error:
            return as_answer(error, uri)

    async def _version(
        self, uri: str, parts: RegistryUri, version: int, access: Credentials
    ) -> Resolved:
        name = parts.name
        key = (name, self._created.get(name, 0), version)
        entry = self._versions.get(key)
        if entry is None:
            entry = self._versions[key] = await self._look_up(name, version, access)
        return Resolved(
            asked=uri,
            uri=f"models:/{name}/{version}",
            version=version,
            run_id=entry.run_id,
            download=self._mlflow.version_file(name, version, entry.facts.path),
            facts=entry.facts,
        )

    async def _look_up(self, name: str, version: int, access: Credentials) -> _Known:
        fields = await self._mlflow.version(name, version, access)
        _check_ready(f"models:/{name}/{version}", fields)
        url = self._mlflow.version_file(name, version, _MLMODEL)
        uri = f"models:/{name}/{version}"
        text = await self._mlmodel(uri, url, access)
        return _Known(fields.run_id, await _facts(uri, text, fields.tags))

    async def _mlmodel(self, uri: str, url: str, access: Credentials) -> str | None:
        try:
            return await self._mlflow.text(url, access, MLMODEL_BYTES)
        except AnswerTooLongError:
            raise _unusable(f"{uri}: {TOO_LONG}") from None

    async def _run(self, uri: str, parts: RegistryUri, access: Credentials) -> Resolved:
        run, (name, _, rest) = parts.run, parts.path.partition("/")
        for model_id in await self._mlflow.run_models(run, access):
            model = await self._mlflow.logged_model(model_id, access)
            if model.name != name:
                continue
            if rest:
                model_facts = _facts_of_file(uri, rest, model.tags)
            else:
                url = self._mlflow.logged_model_file(model_id, _MLMODEL)
                model_facts = await _facts(uri, await self._mlmodel(uri, url, access), model.tags)
            download = self._mlflow.logged_model_file(model_id, model_facts.path)
            return Resolved(uri, uri, _UNVERSIONED, run, download, model_facts)
        return await self._artifact(uri, parts, access)

    async def _artifact(self, uri: str, parts: RegistryUri, access: Credentials) -> Resolved:
        """Return a folder with an MLmodel file, or a single file, of the run's artifacts."""
        run, path = parts.run, parts.path
        url = self._mlflow.run_file(run, f"{path}/{_MLMODEL}")
        text = await self._mlmodel(uri, url, access)
        if text is not None:
            model_facts, folder = await _facts(uri, text, {}), f"{path}/"
        elif await self._mlflow.has_file(self._mlflow.run_file(run, path), access):
            model_facts, folder = _facts_of_file(uri, path, {}), ""
        else:
            requirement = f"run {run} of {self._mlflow.uri} has neither a model nor a file {path}"
            problem = Problem(SOURCE_URI, "", requirement, "correct it")
            raise RegistryError(Reason.RUN_NOT_FOUND, problem)
        download = self._mlflow.run_file(run, f"{folder}{model_facts.path}")
        return Resolved(uri, uri, _UNVERSIONED, run, download, model_facts)


def as_answer(error: Exception, about: str) -> RegistryError:
    """Return the error as an answer; an unexpected one is logged."""
    if isinstance(error, RegistryError):
        return error
    # An answer of another shape must not stop the polling.
    log.error("the registry's answer about %s cannot be understood", about, exc_info=error)
    problem = Problem(
        "",
        "",
        f"the registry's answer cannot be understood: {type(error).__name__}:"
        f" {beginning(str(error), SHOWN)},"
        " expected an answer of MLflow's REST API",
        "check that INFERENCE_OPERATOR_MLFLOW_TRACKING_URI leads to an MLflow server",
    )
    return RegistryError(Reason.REGISTRY_UNREACHABLE, problem)


def _version_of(parts: RegistryUri, aliases: Mapping[str, int]) -> int:
    if not parts.alias:
        return parts.version
    if parts.alias not in aliases:
        there = listed(sorted(aliases), "none at all", short)
        requirement = f"models:/{parts.name} has no alias {parts.alias} (it has {there})"
        remedy = "set the alias in the registry, or name another one"
        raise RegistryError(Reason.ALIAS_NOT_FOUND, Problem(SOURCE_URI, "", requirement, remedy))
    return aliases[parts.alias]


def _check_ready(uri: str, fields: ModelVersion) -> None:
    if fields.status != "READY":
        because = f" ({fields.status_message})" if fields.status_message else ""
        value = f"{uri}, which is {fields.status}{because}"
        remedy = "wait until it is registered, or register it again"
        problem = Problem(SOURCE_URI, value, "a version that is READY", remedy)
        raise RegistryError(Reason.VERSION_NOT_READY, problem)


async def _facts(uri: str, mlmodel: str | None, tags: Mapping[str, str]) -> Facts:
    if mlmodel is None:
        raise _unusable(f"{uri} has no MLmodel file", "log it with MLflow's own functions")
    try:
        # In a thread: the largest file that is read takes about 100 ms.
        return await asyncio.to_thread(facts, mlmodel, tags)
    except ModelUnusableError as error:
        raise _unusable(f"{uri}: {error}") from None


def _unusable(requirement: str, remedy: str = "") -> RegistryError:
    return RegistryError(Reason.MODEL_UNUSABLE, Problem(SOURCE_URI, "", requirement, remedy))


def _facts_of_file(uri: str, path: str, tags: Mapping[str, str]) -> Facts:
    try:
        return file_facts(path, tags)
    except ModelUnusableError as error:
        raise _unusable(f"{uri}: {error}") from None
