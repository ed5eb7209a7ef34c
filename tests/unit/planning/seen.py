"""Observations of one unit, for tests of decisions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from inference_operator.api.base import API_VERSION
from inference_operator.api.status import InferenceModelStatus
from inference_operator.domain.accelerator import Mode, Node
from inference_operator.domain.observed import (
    Children,
    Container,
    DeploymentView,
    Inputs,
    Observed,
    Pod,
    RevisionRecord,
)
from inference_operator.domain.resolution import Resolution, SourceKey
from inference_operator.domain.serving_unit import Owner
from inference_operator.domain.traffic import Traffic
from inference_operator.planning.status.diagnosis import Case
from inference_operator.validation.defaults import Defaults
from tests.fakes.bodies import KEY, LOADER_IMAGE, NAMESPACE, TRITON_IMAGE, spec

NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)
OWNER = Owner(KEY, API_VERSION, "uid-of-owner")
DEFAULTS = Defaults(TRITON_IMAGE, LOADER_IMAGE)


def record(revision: str = "aaa", number: int = 1, **changes: Any) -> RevisionRecord:
    """Return a revision without children, for tests that need only its name."""
    base = RevisionRecord(
        revision=revision,
        number=number,
        model="fx-drift",
        version=1,
        uri="https://store.example/fx/7/model.onnx",
        sha256=None,
        mode=Mode.CPU,
        children=(),
    )
    return replace(base, **changes)


def case(revision: RevisionRecord | None = None, **changes: Any) -> Case:
    """Return the case of a revision in the unit's namespace."""
    return replace(Case(revision or record(), NAMESPACE), **changes)


def observed(
    *,
    body: Mapping[str, Any] | None = None,
    generation: int = 1,
    status: InferenceModelStatus | None = None,
    records: tuple[RevisionRecord, ...] = (),
    ready: Mapping[str, tuple[int, int]] | None = None,
    served: str | None = None,
    pods: tuple[Pod, ...] = (),
    nodes: tuple[Node, ...] = (),
    resolutions: Mapping[SourceKey, Resolution] | None = None,
) -> Observed:
    """Return an observation; `ready` maps a revision to (ready, replicas) of its Deployment."""
    return Observed(
        owner=OWNER,
        generation=generation,
        spec=dict(body) if body is not None else spec(),
        status=status or InferenceModelStatus(),
        children=Children(
            revisions={r.revision: r for r in records},
            deployments={
                name: DeploymentView(all_, some) for name, (some, all_) in (ready or {}).items()
            },
            pods=pods,
            traffic=Traffic.to(served),
        ),
        inputs=Inputs(nodes=nodes, resolutions=resolutions or {}),
    )


def with_children(seen: Observed, **changes: Any) -> Observed:
    """Return an observation with other values in its `children`."""
    return replace(seen, children=replace(seen.children, **changes))


def with_inputs(seen: Observed, **changes: Any) -> Observed:
    """Return an observation with other values in its `inputs`."""
    return replace(seen, inputs=replace(seen.inputs, **changes))


def pod(revision: str = "aaa", **changes: Any) -> Pod:
    """Return a pod that is not ready."""
    return replace(Pod("fx-drift-aaa-x7k", revision), **changes)


def container(**changes: Any) -> Container:
    """Return a container with Triton's image."""
    return replace(Container(image=TRITON_IMAGE), **changes)
