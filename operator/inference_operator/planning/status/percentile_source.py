"""The histogram that percentiles of a new revision would come from, as far as a plan shows it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.api.analysis import Analysis, AnalysisMetric, MetricType
from inference_operator.api.quoting import short
from inference_operator.domain.names import Backend, track_service_name
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.planning.judgement_texts import NO_PROMETHEUS
from inference_operator.planning.plan import Plan
from model_builders.serving import HISTOGRAMS, LATENCY_FAMILY

_FIRST = (26, 1)
_FIRST_TEXT = "26.01"
# `tritonserver:26.01-py3`, also with a digest behind it.
_VERSION = re.compile(r":(?:[a-z]*)(\d{2})\.(\d{2})(?![\d.])[^/@]*(?:@.*)?$")
_OPTION = "--metrics-config"


@dataclass(frozen=True, slots=True)
class Measuring:
    """The operator's settings that decide about a source."""

    gateway_metric: str = ""
    """Histogram of a gateway. Empty: not known."""

    has_prometheus: bool | None = None
    """Whether the operator has the address of a Prometheus; None if that is not known."""


NOT_KNOWN = Measuring()


def source_lines(plan: Plan, unit: ServingUnit, measuring: Measuring) -> Iterator[str]:
    """Yield that there is no Prometheus, if so, and a line for each percentile: Triton's histogram,
    the gateway's, or none."""
    canary = unit.rollout.canary
    if canary is None or canary.analysis is None:
        return
    if measuring.has_prometheus is False:
        yield f"analysis: {NO_PROMETHEUS}"
    percentiles = [metric.name for metric in _percentiles(canary.analysis)]
    if not percentiles:
        return
    words = _words(plan, unit, measuring)
    for name in percentiles:
        yield f"source of {name}: {words}"


def version_of(image: str) -> tuple[int, int] | None:
    """Return year and month of Triton's release by the tag of an image; None if it names none.

    >>> version_of("nvcr.io/nvidia/tritonserver:26.01-py3")
    (26, 1)
    >>> version_of("mirror:5000/tritonserver"), version_of("acme/triton:2.51.0")
    (None, None)
    """
    match = _VERSION.search(image)
    return (int(match[1]), int(match[2])) if match else None


def _percentiles(analysis: Analysis) -> Iterator[AnalysisMetric]:
    return (each for each in analysis.metrics if each.type is MetricType.LATENCY and each.is_share)


def _words(plan: Plan, unit: ServingUnit, measuring: Measuring) -> str:
    lacks = _why_not(unit.server.image, unit.server.args, is_pipeline=bool(unit.steps))
    if not lacks and (stable := _stable(plan)) is not None:
        why = _of_record(stable)
        lacks = f"of the stable revision {stable.revision}, {why}" if why else ""
    if lacks:
        return _without_tritons(unit, measuring, lacks)
    if version_of(unit.server.image) is not None:
        return f"Triton's histogram {LATENCY_FAMILY}"
    return (
        f"Triton's histogram {LATENCY_FAMILY}, if {short(unit.server.image)} has Triton"
        f" {_FIRST_TEXT} or later, which its tag does not say; otherwise"
        f" {_without_tritons(unit, measuring, '')}"
    )


def _without_tritons(unit: ServingUnit, measuring: Measuring, lacks: str) -> str:
    canary = unit.rollout.canary
    because = f", because {lacks}" if lacks else ""
    if canary is None or canary.gateway is None:
        return (
            f"none, which is NoData{because}; use triton.metrics.latencyBuckets with Triton"
            f" {_FIRST_TEXT} or later, or rollout.canary.gateway, or statistic: mean"
        )
    names = " and ".join(track_service_name(unit.key.name, each) for each in Backend)
    metric = f" {measuring.gateway_metric}" if measuring.gateway_metric else ""
    has_baseline = canary.analysis is not None and canary.analysis.has_baseline
    all_pods = ", which counts all pods of the stable revision" if has_baseline else ""
    return (
        f"the gateway's histogram{metric} of the Services {names}{all_pods}, if Prometheus scrapes"
        f" the gateway{because}"
    )


def _stable(plan: Plan) -> RevisionRecord | None:
    """Return the record of the revision that a new one would be compared with."""
    stable = plan.rollout.state.stable
    return plan.records.get(stable) if stable and stable != plan.assessment.revision else None


def _of_record(record: RevisionRecord) -> str:
    pods = (c["spec"]["template"]["spec"] for c in record.children if c["kind"] == "Deployment")
    servers = [c for pod in pods for c in pod["containers"] if c["name"] == "triton"]
    triton: Mapping[str, Any] = servers[0] if servers else {}
    arguments = (*triton.get("command", ()), *triton.get("args", ()))
    return _why_not(record.triton_image or "", arguments, is_pipeline=bool(record.steps))


def _why_not(image: str, arguments: Iterable[str], *, is_pipeline: bool) -> str:
    """Return why a server has no histogram of the model that clients call; empty if it may."""
    version = version_of(image)
    if version is not None and version < _FIRST:
        return f"Triton {version[0]:02}.{version[1]:02} has none"
    if is_pipeline:
        return "a pipeline has none"
    settings = [text.partition("=")[2] for text in arguments if text.startswith(f"{_OPTION}=")]
    return "" if HISTOGRAMS in settings else "the model has no triton.metrics.latencyBuckets"
