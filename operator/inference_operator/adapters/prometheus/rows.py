"""Reader of the rows of instant queries (`/api/v1/query`): rows to samples, with limits.

An answer beyond a limit is refused as a whole: a part of it would read as missing pods. Equal texts
are kept once, and rows of other pods not at all: many small objects are work for the collector of
garbage, which holds the event loop.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from inference_operator.adapters.prometheus.answer_reader import AnswerRefusedError
from inference_operator.adapters.prometheus.gateway_scope import LONGEST_LABEL
from inference_operator.adapters.prometheus.points import metric_of, value_of
from inference_operator.adapters.prometheus.queries import (
    FORMS,
    MOST_ROWS_OF_NAMESPACE,
    WINDOW_LABEL,
    own_labels,
    pod_labels,
)
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.api.analysis import Window
from inference_operator.api.quoting import beginning
from inference_operator.domain.histogram_label import boundary, boundary_text
from inference_operator.domain.measurement import (
    GATEWAY_FAMILIES,
    Family,
    FamilySamples,
    PodName,
    Sample,
    Unusable,
)

MOST_BYTES = 32 << 20
MOST_ROWS = 100_000
ROW_LENGTH = 64 << 10
"""Characters of one row."""

OF_ALL_PODS = frozenset({Family.FRESHNESS, Family.GPU_UTILIZATION})
"""Families of which strangers' rows are needed: they may share a GPU with a pod."""

# Kubernetes' limit of a pod's name; Triton's labels are shorter.
_LABEL_LENGTH = 253
_BY_WINDOW = {str(window): window for window in Window}
_Place = tuple[Window | None, tuple[str, ...]]
KnownPods = Mapping[tuple[str, str], PodName]
"""Pods by their namespace and name."""


class FamilyRows:
    """Taker of the rows of a family.

    Rows with the same labels become one, with the greatest value: two Prometheus servers may write
    a boundary as `20` and as `20.0`. A namespace that has as many rows as it may have has none:
    others of its rows may be missing.
    """

    kinds = ("vector",)
    row_length = ROW_LENGTH

    def __init__(self, family: Family, scope: Scope, pods: KnownPods | None = None) -> None:
        """Create a taker of the rows of the pods. None: of all pods."""
        self._pods: dict[tuple[str, str], PodName] = dict(pods or {})
        self._takes_all = pods is None or family in OF_ALL_PODS
        self._pod_labels = pod_labels(family, scope)
        self._labels = own_labels(family, scope)
        self._longest = LONGEST_LABEL if family in GATEWAY_FAMILIES else _LABEL_LENGTH
        self._has_window = FORMS[family].has_window
        self._places: dict[tuple[Any, ...], tuple[_Place, Unusable | None]] = {}
        self._samples: dict[PodName | None, dict[_Place, Sample]] = {}
        self._rows = self._without_pod = self._without_window = 0
        self._of_namespace: Counter[str] = Counter()

    def take(self, row: Any) -> None:
        """Take a row; AnswerRefusedError if there are too many, and for one without labels."""
        self._rows += 1
        if self._rows > MOST_ROWS:
            raise AnswerRefusedError(
                f"answered with more than {MOST_ROWS:,} rows: narrow the selector, or let one"
                " operator serve fewer namespaces"
            )
        metric = metric_of(row)
        window = metric.get(WINDOW_LABEL) if self._has_window else None
        has_window = not self._has_window or (isinstance(window, str) and window in _BY_WINDOW)
        self._without_window += not has_window
        name = self._name(metric)
        if name is None:
            self._without_pod += 1
        elif has_window:
            pod = self._pod(name) if name else None
            if pod or not name:
                self._keep(pod, (window, *map(metric.get, self._labels)), row.get("value"))

    def made(self, kind: str, warnings: tuple[str, ...]) -> FamilySamples:
        """Return the samples."""
        counts = self._of_namespace.items()
        crowded = frozenset(name for name, count in counts if count >= MOST_ROWS_OF_NAMESPACE)
        samples = tuple(
            sample
            for pod, of_pod in self._samples.items()
            if pod is None or pod.namespace not in crowded
            for sample in of_pod.values()
        )
        return FamilySamples(samples, self._without_pod, self._without_window, warnings, crowded)

    def _name(self, metric: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Return namespace and name; nothing for a family without pods, None if one is missing."""
        texts: tuple[Any, ...] = tuple(map(metric.get, self._pod_labels))
        for text in texts:
            if not isinstance(text, str) or not 0 < len(text) <= _LABEL_LENGTH:
                return None
        return texts

    def _pod(self, name: tuple[str, ...]) -> PodName | None:
        """Count a row of the pod's namespace; return the pod if its rows are taken."""
        namespace, text = name
        self._of_namespace[namespace] += 1
        pod = self._pods.get((namespace, text))
        if pod is None and self._takes_all:
            pod = self._pods[namespace, text] = PodName(namespace, text)
        return pod

    def _keep(self, pod: PodName | None, texts: tuple[Any, ...], point: Any) -> None:
        place, problem = self._place(texts)
        value = problem or value_of(point)
        if isinstance(value, float) and value < 0:
            value = Unusable.NEGATIVE
        sample = Sample(pod, *place, value)
        of_pod = self._samples.setdefault(pod, {})
        of_pod[place] = _greater(of_pod.get(place), sample)

    def _place(self, texts: tuple[Any, ...]) -> tuple[_Place, Unusable | None]:
        """Return the window and the labels of a row, the same object for the same texts."""
        if not all(text is None or isinstance(text, str) for text in texts):
            texts = tuple(text if isinstance(text, str) else None for text in texts)
        place = self._places.get(texts)
        if place is None:
            place = self._places[texts] = self._new_place(texts)
        return place

    def _new_place(self, texts: tuple[str | None, ...]) -> tuple[_Place, Unusable | None]:
        window, *given = texts
        problem: Unusable | None = None
        labels = []
        for name, text in zip(self._labels, given, strict=True):
            kept = text or ""
            if not kept:
                problem = Unusable.LABEL_MISSING
            elif len(kept) > self._longest:
                kept, problem = beginning(kept, self._longest), Unusable.LABEL_TOO_LONG
            elif name == "le":
                bound = boundary(kept)
                kept = kept if bound is None else boundary_text(bound)
            labels.append(kept)
        return (_BY_WINDOW[window] if window else None, tuple(labels)), problem


def _greater(former: Sample | None, sample: Sample) -> Sample:
    """Return the one of two equal rows that counts: a reason for no value before any value."""
    if former is None or isinstance(sample.value, Unusable):
        return sample
    if isinstance(former.value, Unusable):
        return former
    return max(former, sample, key=lambda each: float(each.value))
