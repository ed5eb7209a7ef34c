"""Tests of the laws of HPA and KEDA: examples that were computed from their documentation."""

import pytest

from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.cli.scaling_simulation.hpa import HpaLaw, HpaPace, hpa_desired
from inference_operator.cli.scaling_simulation.keda import KedaLaw
from inference_operator.cli.scaling_simulation.readings import PodValue, Reading, View
from inference_operator.cli.scaling_simulation.traces import OutageShape

RATE = ScalingMetric(type="RequestRate", target="10")
QUEUE = ScalingMetric(type="QueueTime", target="5ms")


def view(now: float, size: int, values: list[float] | None, metric: ScalingMetric = RATE) -> View:
    """Return a view of pods with these values; None while Prometheus has no series."""
    by_pod = {f"pod-{n}": PodValue(each, 1.0, False) for n, each in enumerate(values or [])}
    ready = {f"pod-{n}": 0.0 for n in range(size)}
    outage = OutageShape.EMPTY if values is None else None
    return View(now, size, ready, (Reading(metric, by_pod),), (), outage)


@pytest.mark.parametrize(
    ("values", "target", "pods", "expected"),
    [
        ([200.0], 100.0, 1, 2),
        ([50.0, 50.0], 100.0, 2, 1),
        ([110.0], 100.0, 1, 1),
        ([90.0], 100.0, 1, 1),
        ([111.0], 100.0, 1, 2),
        ([300.0, 300.0], 100.0, 4, 6),
        ([150.0, 150.0], 100.0, 4, 4),
        ([50.0, 50.0], 100.0, 4, 3),
        ([10.0], 100.0, 4, 4),
        ([], 100.0, 3, None),
    ],
    ids=[
        "doubled",
        "halved",
        "within the tolerance above",
        "within the tolerance below",
        "just above the tolerance",
        "missing pods count as 0 for more",
        "missing pods turn the direction",
        "missing pods count as the target for fewer",
        "one of four is known",
        "no pod is known",
    ],
)
def test_hpa_asks_for_what_its_documentation_says(
    values: list[float], target: float, pods: int, expected: int | None
) -> None:
    assert hpa_desired(values, target, pods) == expected


def test_hpa_adds_four_pods_or_doubles_in_15_seconds() -> None:
    pace, sizes = HpaPace(1, 100), [1]
    for sync in range(5):
        sizes.append(pace.next(15.0 * sync, sizes[-1], 90))
    assert sizes == [1, 5, 10, 20, 40, 80]


def test_hpa_removes_pods_once_five_minutes_asked_for_fewer() -> None:
    pace, size, when = HpaPace(2, 100), 10, None
    for sync in range(30):
        after = pace.next(15.0 * sync, size, 3 if sync else 10)
        when = 15.0 * sync if after < size and when is None else when
        size = after
    assert (when, size) == (300.0, 3)


def test_hpa_removes_no_pod_without_values() -> None:
    law = HpaLaw(1, 20)
    assert {law.decide(view(15.0 * sync, 8, None)) for sync in range(60)} == {8}


def played(law: HpaLaw | KedaLaw, shape: OutageShape, size: int) -> int:
    """Return the number of pods after half an hour without metrics."""
    for sync in range(120):
        now = 15.0 * sync
        size = law.decide(View(now, size, {"pod-0": 0.0}, (Reading(RATE, {}),), (), shape))
    return size


def test_keda_takes_an_answer_without_series_for_zero() -> None:
    assert played(KedaLaw(1, 20), OutageShape.EMPTY, 8) == 1
    assert played(KedaLaw(1, 20), OutageShape.REFUSED, 8) == 8


@pytest.mark.parametrize("shape", OutageShape)
def test_keda_s_fallback_is_the_number_of_pods_even_if_it_is_fewer(shape: OutageShape) -> None:
    assert played(KedaLaw(1, 20, fallback=6), shape, 8) == 6
    assert played(KedaLaw(1, 20, fallback=6), shape, 2) == 6


@pytest.mark.parametrize(
    ("metric", "values", "expected"),
    [
        (RATE, [30.0, 20.0], 5),
        (RATE, [11.0, 10.0], 2),
        (QUEUE, [10.0, 10.0], 4),
        (QUEUE, [5.2, 5.2], 2),
    ],
    ids=["sum by target", "within the tolerance", "mean by target", "mean within the tolerance"],
)
def test_keda_asks_for_the_sum_or_the_mean_by_the_target(
    metric: ScalingMetric, values: list[float], expected: int
) -> None:
    assert KedaLaw(1, 20).decide(view(15.0, 2, values, metric)) == expected
