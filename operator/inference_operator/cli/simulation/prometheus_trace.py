"""Reader of a unit's past metrics from Prometheus (`--from-prometheus`), as a trace to play."""

from collections import defaultdict
from datetime import UTC, datetime

from inference_operator.adapters.prometheus.access import Access, AccessError, AccessFiles
from inference_operator.adapters.prometheus.answer_reader import AnswerRefusedError
from inference_operator.adapters.prometheus.client import Prometheus, QueryError, RangeQuery
from inference_operator.adapters.prometheus.queries import FORMS, text
from inference_operator.adapters.prometheus.ranges import (
    MOST_BYTES,
    RangeAnswer,
    RangeRows,
)
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.api.quoting import quoted
from inference_operator.api.shown_uri import shown_uri
from inference_operator.cli.documents import InputError
from inference_operator.cli.simulation.prometheus_arguments import Past
from inference_operator.cli.simulation.recorded_windows import (
    COUNTERS,
    Recording,
    pod_pattern,
    utc_text,
)
from inference_operator.domain.measurement import Family, PodName, Sample
from inference_operator.domain.names import UnitKey
from inference_operator.prometheus_settings import PrometheusSettings

# Beside the counters: times of scrapes, and requests of the sidecar.
_FAMILIES = (Family.FRESHNESS, *sorted(COUNTERS), Family.PROBES)
_NEEDED = (Family.FRESHNESS, Family.REQUESTS, Family.FAILURES)
_SECONDS = 30.0
# Kubernetes cuts the names of pods whose unit has a longer name.
_LONGEST_NAME = 46


async def record(settings: PrometheusSettings, unit: UnitKey, past: Past) -> Recording:
    """Ask Prometheus for the past of a unit's pods.

    Raises:
        InputError: if there is no answer, or nothing of the unit in it; with a remedy.
    """
    if len(unit.name) > _LONGEST_NAME:
        raise InputError(
            f"--from-prometheus: found {unit}, expected a name of at most {_LONGEST_NAME}"
            " characters, since the names of its pods do not show their revision; write a trace"
            " yourself, and give it by --metrics"
        )
    scope = _scope(settings, unit)
    files = AccessFiles(
        settings.prometheus_bearer_token_file,
        settings.prometheus_username,
        settings.prometheus_password_file,
        settings.prometheus_ca_file,
    )
    try:
        access = files.read()
    except AccessError as error:
        option = error.setting.replace("_", "-")
        raise InputError(f"--{option}: the file {error.problem}") from None
    prometheus = Prometheus(settings.prometheus_url, _SECONDS)
    by_time: dict[float, dict[PodName, dict[Family, tuple[Sample, ...]]]] = defaultdict(dict)
    try:
        for family in _FAMILIES:
            answer = await _answer(prometheus, access, (family, scope), past)
            if family in _NEEDED and not answer.samples:
                raise _nothing(settings, (family, scope), past)
            _merge(by_time, family, answer)
    finally:
        await prometheus.close()
    return Recording(unit, past.times, by_time, is_pipeline=unit.kind == "EnsemblePipeline")


def _scope(settings: PrometheusSettings, unit: UnitKey) -> Scope:
    """Return the scope of the unit's pods alone."""
    pods = pod_pattern(unit.name).replace("(?:", "(")
    matchers = [f'{settings.prometheus_pod_label}=~"{pods}"', settings.prometheus_selector.strip()]
    return Scope(
        ",".join(filter(None, matchers)),
        (unit.namespace,),
        settings.prometheus_namespace_label,
        settings.prometheus_pod_label,
    )


async def _answer(
    prometheus: Prometheus, access: Access, asked: tuple[Family, Scope], past: Past
) -> RangeAnswer:
    family, scope = asked
    times = past.times
    begin, end = (datetime.fromtimestamp(time, UTC) for time in (times[0], times[-1]))
    query = RangeQuery(text(family, (), scope), begin, end, times[1] - times[0], MOST_BYTES)
    where = f"--from-prometheus: Prometheus at {shown_uri(prometheus.uri)}"
    try:
        answer = await prometheus.read(query, access, RangeRows(family, scope))
    except QueryError as error:
        raise InputError(f"{where} {error}; correct the address or the options of access") from None
    except AnswerRefusedError as error:
        raise InputError(
            f"{where} {error}; give the address before /api/v1, a shorter --since or a longer"
            " --resolution"
        ) from None
    if answer.warnings:
        raise InputError(
            f"{where} answered with the warning {quoted(answer.warnings[0])}, so series may be"
            " missing; try again when all of its stores answer"
        )
    return answer


def _nothing(settings: PrometheusSettings, asked: tuple[Family, Scope], past: Past) -> InputError:
    family, scope = asked
    begin, end = utc_text(past.times[0]), utc_text(past.times[-1])
    return InputError(
        f"--from-prometheus: Prometheus at {shown_uri(settings.prometheus_url)} has no series"
        f" {FORMS[family].metric}{{{scope.matchers}}} from {begin} to {end}; check namespace and"
        " name of the manifest, --at and --since, the labels and the selector, and whether it"
        " scrapes the pods (manifests/monitoring)"
    )


def _merge(
    by_time: dict[float, dict[PodName, dict[Family, tuple[Sample, ...]]]],
    family: Family,
    answer: RangeAnswer,
) -> None:
    for time, by_pod in answer.samples.items():
        for pod, samples in by_pod.items():
            by_time[time].setdefault(pod, {})[family] = samples
