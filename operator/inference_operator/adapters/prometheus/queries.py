"""The texts of the queries: one for each family of metrics, for all units and windows at once.

Counters are asked for as they are: the operator subtracts them, because `increase` extrapolates and
its windows overlap (ADR 0039). The inner `max by` leaves out labels such as `job`, `instance` and
`prometheus_replica`, so that a pod that is scraped twice, or by two Prometheus servers, counts
once. No query matches on `version`: Triton reports a pipeline's successes as version 1. No query
divides counters, because 0/0 is NaN.

A namespace gets so many rows and no more, because an answer beyond a limit is refused as a whole:
one team with many series would end the analysis of all others. The gateway is asked about the
Services that are measured, and its rows count for the namespace in the label of the Service.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from inference_operator.adapters.prometheus.gateway_scope import LABEL, TENANT, TRAEFIK_METRIC
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.api.analysis import Window
from inference_operator.domain.measurement import GATEWAY_FAMILIES, Family
from inference_operator.domain.query_template import quoted

WINDOW_LABEL = "window"
MOST_ROWS_OF_NAMESPACE = 25_000
"""Rows of one namespace in an answer. With so many, there may have been more."""

_MODEL = ("model", "version")
_DEVICE = ("gpu_uuid",)


class Kind(StrEnum):
    """How a family's series become values."""

    COUNTER = "counter"
    AVERAGE = "avg_over_time"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Form:
    """The metric of a family, its unit, and the labels that its rows have beside the pod's."""

    metric: str
    kind: Kind
    labels: tuple[str, ...] = ()
    summed: tuple[str, ...] = field(default=())
    """Labels that tell series of a pod apart which the answer adds up."""

    unit: str = "1"

    @property
    def has_window(self) -> bool:
        return self.kind is Kind.AVERAGE


FORMS = {
    Family.REQUESTS: Form("nv_inference_request_success", Kind.COUNTER, _MODEL, _DEVICE),
    Family.FAILURES: Form(
        "nv_inference_request_failure", Kind.COUNTER, (*_MODEL, "reason"), _DEVICE
    ),
    Family.REQUEST_TIME: Form(
        "nv_inference_request_duration_us", Kind.COUNTER, _MODEL, _DEVICE, "us"
    ),
    Family.QUEUE_TIME: Form("nv_inference_queue_duration_us", Kind.COUNTER, _MODEL, _DEVICE, "us"),
    Family.INFERENCES: Form("nv_inference_count", Kind.COUNTER, _MODEL, _DEVICE),
    Family.EXECUTIONS: Form("nv_inference_exec_count", Kind.COUNTER, _MODEL, _DEVICE),
    Family.PENDING: Form("nv_inference_pending_request_count", Kind.AVERAGE, _MODEL),
    Family.BUCKETS: Form(
        "nv_inference_first_response_histogram_ms_bucket",
        Kind.COUNTER,
        ("model", "le"),
        ("version",),
    ),
    Family.GPU_UTILIZATION: Form("nv_gpu_utilization", Kind.AVERAGE, _DEVICE),
    Family.GPU_MEMORY: Form("nv_gpu_memory_used_bytes", Kind.NOW, _DEVICE),
    # The one metric that no option of Triton turns off.
    Family.FRESHNESS: Form("nv_inference_pending_request_count", Kind.NOW, unit="s of Unix time"),
    Family.GATEWAY_BUCKETS: Form(
        TRAEFIK_METRIC,
        Kind.COUNTER,
        # Each instance has its row: the sum of all would fall when one of them ends.
        (LABEL, "le", "instance"),
        ("code", "method", "protocol"),
        "s",
    ),
    Family.GATEWAY_FRESHNESS: Form(
        TRAEFIK_METRIC, Kind.NOW, (LABEL, "instance"), unit="s of Unix time"
    ),
    Family.PROBES: Form(
        "inference_operator_probe_requests_total", Kind.COUNTER, (*_MODEL, "outcome")
    ),
}
"""Every family has its form. The metric and the first label of a gateway's are settings."""

_GPU_TOTAL = "nv_gpu_memory_total_bytes"


def text(family: Family, windows: Sequence[Window], scope: Scope) -> str:
    """Return the query of a family: for all windows at once, each row with the label `window`.

    A family without windows ignores them.

    Raises:
        ValueError: if a family that needs a window is given none.

    >>> print(text(Family.FRESHNESS, [], Scope()))  # doctest: +NORMALIZE_WHITESPACE
    topk by (namespace) (25000, max by (namespace,pod)
     (timestamp(nv_inference_pending_request_count{namespace!=""})))
    """
    query = _whole(family, windows, scope)
    group = scope.namespace_label
    if family in GATEWAY_FAMILIES:
        if not scope.gateway.services:
            return query
        pattern = quoted(scope.gateway.tenants)
        label = quoted(scope.gateway.label)
        group = TENANT
        query = f'label_replace({query}, "{TENANT}", "${{{TENANT}}}", {label}, {pattern})'
    return f"topk by ({group}) ({MOST_ROWS_OF_NAMESPACE}, {query})"


def _whole(family: Family, windows: Sequence[Window], scope: Scope) -> str:
    form = FORMS[family]
    if form.kind is Kind.COUNTER:
        return _aggregated(family, _series(family, scope), scope)
    if form.kind is Kind.NOW:
        return _value_now(family, scope)
    if not windows:
        raise ValueError(f"found no window for {family}, expected at least one")
    ordered = [window for window in Window if window in windows]
    return " or ".join(
        f'label_replace({_average(family, window, scope)}, "{WINDOW_LABEL}", "{window}", "", "")'
        for window in ordered
    )


def _average(family: Family, window: Window, scope: Scope) -> str:
    return _aggregated(family, f"avg_over_time({_series(family, scope)}[{window}])", scope)


def _series(family: Family, scope: Scope) -> str:
    metric = scope.gateway.metric if family in GATEWAY_FAMILIES else FORMS[family].metric
    return f"{metric}{{{_matchers(family, scope)}}}"


def _aggregated(family: Family, series: str, scope: Scope) -> str:
    form = FORMS[family]
    labels = [*pod_labels(family, scope), *own_labels(family, scope)]
    distinct = f"max by ({','.join([*labels, *form.summed])}) ({series})"
    return f"sum by ({','.join(labels)}) ({distinct})" if form.summed else distinct


def _value_now(family: Family, scope: Scope) -> str:
    labels = ",".join([*pod_labels(family, scope), *own_labels(family, scope)])
    series = _series(family, scope)
    if family in (Family.FRESHNESS, Family.GATEWAY_FRESHNESS):
        return f"max by ({labels}) (timestamp({series}))"
    total = f"{_GPU_TOTAL}{{{scope.matchers}}}"
    return f"max by ({labels}) ({series}) / max by ({labels}) ({total})"


def pod_labels(family: Family, scope: Scope) -> tuple[str, ...]:
    """Return the labels that name a row's pod; none for the gateway's, which are of no pod."""
    return () if family in GATEWAY_FAMILIES else scope.pod_labels


def own_labels(family: Family, scope: Scope) -> tuple[str, ...]:
    """Return the labels of a family's rows beside the pod's. A gateway has its own name for the
    label of the Service.

    >>> own_labels(Family.GATEWAY_FRESHNESS, Scope())
    ('service', 'instance')
    """
    labels = FORMS[family].labels
    return (scope.gateway.label, *labels[1:]) if family in GATEWAY_FAMILIES else labels


def _matchers(family: Family, scope: Scope) -> str:
    if family not in GATEWAY_FAMILIES:
        return scope.matchers
    # The gateway runs in a namespace of its own.
    gateway = scope.gateway
    asked = [f"{gateway.label}=~{quoted(gateway.asked)}"] if gateway.services else []
    # One of the buckets tells the time of all.
    first = ['le="+Inf"'] if family is Family.GATEWAY_FRESHNESS else []
    return ",".join([*first, *asked, *scope.extra_matchers])
