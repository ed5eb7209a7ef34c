"""What a `modelRef` stood for when a pipeline's revision was made: a stable revision's repository.

It is kept with the pipeline's own revision, so that whatever becomes of the model takes nothing
away from the pipeline.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from inference_operator.domain.repository_plan import (
    PLAN_FILE,
    ArtifactFormat,
    PlanError,
    PlannedModel,
    RepositoryPlan,
)


@dataclass(frozen=True, slots=True)
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
    """Digest of the artifact that its pods fetched, where the plan has none."""

    repository: Mapping[str, str]
    """The data of its ConfigMap: plan.json, and a config.pbtxt a model."""

    @property
    def reference(self) -> str:
        """`KIND NAME`, as sentences have it."""
        return f"{self.kind} {self.name}"

    @property
    def content(self) -> str:
        """Digest of what Triton would load; a revision that only moves pods has the same.

        Without the versions of ensembles: those count revisions.
        """
        kept = {**self.repository, PLAN_FILE: _unnumbered(self.repository.get(PLAN_FILE, ""))}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()

    def models(self) -> Iterator[tuple[PlannedModel, str]]:
        """Each model with its config.pbtxt; PlanError or KeyError where somebody edited them."""
        for planned in RepositoryPlan.from_json(self.repository[PLAN_FILE]).models:
            config = self.repository[planned.config_file]
            learned = planned.name == self.model and planned.uri and planned.sha256 is None
            yield replace(planned, sha256=self.sha256) if learned else planned, config

    def to_data(self) -> dict[str, Any]:
        """As a ControllerRevision keeps it."""
        found = {
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
        return {name: value for name, value in found.items() if value not in (None, "")}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Pin":
        """What `to_data` wrote; KeyError, TypeError or ValueError where somebody edited it."""
        return cls(
            kind=data["kind"],
            name=data["name"],
            revision=data["revision"],
            model=data["model"],
            version=int(data["version"]),
            uri=data.get("uri", ""),
            run_id=data.get("runId", ""),
            sha256=data.get("sha256"),
            repository={str(key): str(text) for key, text in data["repository"].items()},
        )


def _unnumbered(text: str) -> str:
    try:
        models = RepositoryPlan.from_json(text).models
    except PlanError:
        return text
    is_ensemble = (model.format is ArtifactFormat.ENSEMBLE for model in models)
    pairs = zip(models, is_ensemble, strict=True)
    return RepositoryPlan(
        tuple(replace(model, version=1) if numbered else model for model, numbered in pairs)
    ).to_json()
