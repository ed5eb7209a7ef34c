"""Pods that take long without a visible problem: what they wait for, and since when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from inference_operator.api.conditions import format_time
from inference_operator.domain.observed import Pod
from inference_operator.planning.status.diagnosis.case import Case
from inference_operator.resources.pod import LOADER, PROBE, TRITON

PATIENCE = timedelta(seconds=20)
"""Time after which the status says what a pod waits for."""


class Stage(StrEnum):
    """What a pod is at before its model answers."""

    START = "Start"
    """None of its containers runs: volumes are mounted, and images are pulled."""

    LOAD = "Load"
    """The init container fetches the artifact."""

    TRITON = "Triton"
    """Triton loads the model."""

    FIRST_REQUEST = "FirstRequest"
    """The sidecar has asked the model, and waits for the answer."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The stage that takes long, and a sentence about it. It names a time instead of a duration:
    each change of a message is a write."""

    stage: Stage
    message: str


@dataclass(frozen=True, slots=True)
class _Begun:
    """A stage of a pod, and when it began."""

    since: datetime
    stage: Stage
    pod: Pod


def long_wait(case: Case, pods: tuple[Pod, ...], now: datetime) -> Wait | None:
    """Return the wait of the pod that has waited longest; None while none has for `PATIENCE`."""
    late = [begun for begun in _stages(pods) if now - begun.since >= PATIENCE]
    if not late:
        return None
    first = min(late, key=lambda begun: (begun.since, begun.pod.name))
    return Wait(first.stage, _sentence(first, case))


def next_look(pods: tuple[Pod, ...], now: datetime) -> timedelta | None:
    """Return when the next pod will have waited for `PATIENCE`; None if none will."""
    delays = [begun.since + PATIENCE - now for begun in _stages(pods)]
    # A node's clock may be ahead of ours.
    left = [min(delay, PATIENCE) for delay in delays if delay > timedelta(0)]
    return min(left, default=None)


def _stages(pods: tuple[Pod, ...]) -> Iterator[_Begun]:
    for pod in pods:
        if pod.ready or pod.unschedulable:
            continue
        loader, triton = pod.loader, pod.triton
        if loader is not None and loader.running:
            since, stage = loader.running_since, Stage.LOAD
        elif triton is not None and triton.running:
            stage = Stage.FIRST_REQUEST if pod.is_held_back else Stage.TRITON
            since = triton.running_since
        else:
            since, stage = pod.created, Stage.START
        if since is not None:
            yield _Begun(since, stage, pod)


def _sentence(begun: _Begun, case: Case) -> str:
    pod, since, record = begun.pod, format_time(begun.since), case.record
    if begun.stage is Stage.LOAD:
        return (
            f"pod {pod.name} has been fetching {record.summary} since {since};"
            f" {case.logs(pod, LOADER)} shows how much has arrived: if nothing has, check that the"
            " source answers requests from this namespace"
        )
    if begun.stage is Stage.START:
        return (
            f"pod {pod.name} was created at {since}, and not all of its containers have started;"
            f" {case.describes('pod', pod.name)} shows whether it waits for a volume or an image"
        )
    if begun.stage is Stage.FIRST_REQUEST:
        return (
            f"Triton of pod {pod.name} started at {since} and calls model {record.model} ready, but"
            f" the first request has no answer yet; {case.logs(pod, PROBE)} shows how long it takes"
        )
    is_loading = pod.triton is not None and not pod.triton.started
    work = (
        f"has been loading model {record.model} since {since}"
        if is_loading
        else f"has run since {since}, and model {record.model} does not answer any more"
    )
    return f"Triton of pod {pod.name} {work}; {case.logs(pod, TRITON)} shows what it does"
