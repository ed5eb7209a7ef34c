"""Pins: a stable revision's repository for each `modelRef` when a pipeline's revision was made. The
pipeline's own revision keeps them, so that later changes of the model do not affect it."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from inference_operator.domain.repository_plan import (
    PLAN_FILE,
    ArtifactFormat,
    PlanError,
    PlannedModel,
    RepositoryPlan,
)
from model_builders.config import config_pbtxt, parse_pbtxt
from model_builders.problem import ConfigError


@dataclass(frozen=True)
class Pin:
    """One revision of a referenced resource, as it was rendered."""

    kind: str
    name: str
    revision: str
    model: str
    """Name in Triton of the model that clients of it call."""

    version: int
    uri: str
    """Where its artifact came from; empty for a pipeline."""

    run_id: str
    sha256: str | None
    """Digest of the artifact that its pods fetched, if the plan has none."""

    repository: Mapping[str, str]
    """The data of its ConfigMap: plan.json, and one config.pbtxt for each model."""

    @property
    def reference(self) -> str:
        """`KIND NAME`, as in sentences."""
        return f"{self.kind} {self.name}"

    @property
    def content(self) -> str:
        """Digest of the content that Triton would load; a revision that only moves pods has the
        same.

        It leaves out the versions of ensembles, which count revisions. It is kept after the first
        call, but not by `cached_property`: in Python 3.11 that has one lock for all pins. The event
        loop would wait for a large one that is read in a thread.
        """
        digest: str | None = self.__dict__.get("_content")
        if digest is None:
            kept = _unnumbered(self.repository)
            digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
            self.__dict__["_content"] = digest
        return digest

    def models(self) -> Iterator[tuple[PlannedModel, str]]:
        """Yield each model with its config.pbtxt; raise PlanError or KeyError after an edit that
        broke them."""
        for planned in RepositoryPlan.from_json(self.repository[PLAN_FILE]).models:
            config = self.repository[planned.config_file]
            learned = planned.name == self.model and planned.uri and planned.sha256 is None
            yield replace(planned, sha256=self.sha256) if learned else planned, config

    def to_data(self) -> dict[str, Any]:
        """Return the data that a ControllerRevision keeps."""
        data = {
            "kind": self.kind,
            "name": self.name,
            "revision": self.revision,
            "model": self.model,
            "version": self.version,
            "uri": self.uri,
            "runId": self.run_id,
            "sha256": self.sha256,
            "repository": dict(self.repository),
        }
        return {name: value for name, value in data.items() if value not in (None, "")}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Pin":
        """Return what `to_data` wrote, unchecked; `resources.controller_revision` checks the
        values. Raises KeyError, TypeError or ValueError if it is not a map with these keys."""
        if not isinstance(data["repository"], Mapping):
            raise TypeError("repository: expected a map")
        return cls(
            kind=data["kind"],
            name=data["name"],
            revision=data["revision"],
            model=data["model"],
            version=data["version"],
            uri=data.get("uri", ""),
            run_id=data.get("runId", ""),
            sha256=data.get("sha256"),
            repository=dict(data["repository"]),
        )


def _unnumbered(repository: Mapping[str, str]) -> dict[str, str]:
    """Return the files with version 1 of every ensemble, in the plan and in the ensembles that run
    it."""
    try:
        models = RepositoryPlan.from_json(repository.get(PLAN_FILE, "")).models
    except PlanError:
        return dict(repository)
    ensembles = {model.name for model in models if model.format is ArtifactFormat.ENSEMBLE}
    plan = RepositoryPlan(
        tuple(replace(m, version=1) if m.name in ensembles else m for m in models)
    )
    files = {**repository, PLAN_FILE: plan.to_json()}
    for model in models:
        if model.name in ensembles and model.config_file in files:
            files[model.config_file] = _steps_unnumbered(files[model.config_file], ensembles)
    return files


def _steps_unnumbered(text: str, ensembles: Set[str]) -> str:
    """Return the config.pbtxt of an ensemble; unchanged if it runs no other ensemble."""
    try:
        config = parse_pbtxt(text)
    except ConfigError:
        return text
    nested = [s for s in config.ensemble_scheduling.step if s.model_name in ensembles]
    for step in nested:
        step.model_version = 1
    return config_pbtxt(config) if nested else text
