"""Load of a unit with a canary, and a baseline: what one revision would have of it."""

from dataclasses import replace

import pytest

from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.domain.observed import DeploymentView, Observed
from inference_operator.domain.scaling import MetricLoad
from inference_operator.domain.scaling_question import Shares
from inference_operator.domain.traffic import Split, Traffic
from inference_operator.planning.scaling.shares import shares_of
from inference_operator.planning.scaling.tracks import both_tracks
from tests.unit.planning.scaling.load_cases import load_of
from tests.unit.planning.scaling.test_asking import status
from tests.unit.planning.seen import observed, record

RATE = ScalingMetric(type="RequestRate", target="10")
QUEUE = ScalingMetric(type="QueueTime", target="5ms")
BATCH = ScalingMetric(type="BatchSize", target="50%")
SMALL = Shares(canary_is_small=True)


def both(
    metric: ScalingMetric, stable: MetricLoad, canary: MetricLoad, shares: Shares | None = None
) -> MetricLoad:
    return both_tracks(metric, (stable, canary), shares or Shares(), is_divided=False)


def test_requests_of_both_tracks_add_up_whoever_has_them() -> None:
    """40 a second by 8 pods and 40 by one: 8 pods of the canary's kind would be 32 too many."""
    load = both(RATE, load_of(5.0, 8), load_of(40.0, 1))

    assert (load.total, load.seen, load.value) == (80.0, 8, 10.0)


def test_requests_of_a_baseline_count_by_those_of_the_stable_revision() -> None:
    load = both(RATE, load_of(5.0, 8), load_of(10.0, 4), Shares(baseline=0.5))

    assert load.total == 100.0


def test_batches_do_not_add_up() -> None:
    assert both(BATCH, load_of(0.2, 8), load_of(0.4, 4)).value == 0.4


@pytest.mark.parametrize(("canary", "value"), [(20.0, 5.0), (4.0, 4.0), (2.0, 3.0)])
def test_a_canary_with_too_few_pods_for_its_weight_keeps_pods_and_adds_none(
    canary: float, value: float
) -> None:
    load = both(QUEUE, load_of(3.0, 8), load_of(canary, 1), SMALL)

    assert load.value == value
    assert load.is_whole


def test_the_stable_revision_adds_pods_beside_a_small_canary() -> None:
    assert both(QUEUE, load_of(7.0, 8), load_of(20.0, 1), SMALL).value == 7.0


def test_a_canary_without_values_removes_nothing() -> None:
    young = load_of(None, 1, 0, young=1, reason="Young")
    load = both(RATE, load_of(5.0, 8), young)

    assert (load.total, load.is_whole) == (40.0, False)


def divided_by(traffic: Traffic, stable: int, canary: int, baseline: int = 0) -> Observed:
    old, new = "aaa", "bbb"
    seen = observed(status=status("bbb"), records=(record(old), record(new)))
    children = replace(
        seen.children,
        deployments={old: DeploymentView(stable, stable), new: DeploymentView(canary, canary)},
        baselines={old: DeploymentView(baseline, baseline)} if baseline else {},
        traffic=traffic,
    )
    return replace(seen, children=children)


def by_route(weight: int) -> Traffic:
    return Traffic({"aaa": 100 - weight, "bbb": weight}, Split.ROUTE)


def test_a_service_divides_the_requests_among_all_pods() -> None:
    shares = shares_of(divided_by(Traffic.by_pods({"aaa": 6, "bbb": 2}), 4, 2, 2), is_divided=False)

    assert shares == Shares(spread=2.0, baseline=0.5)


@pytest.mark.parametrize(("weight", "is_small"), [(50, True), (25, False)])
def test_a_gateway_divides_them_by_weights(weight: int, is_small: bool) -> None:
    shares = shares_of(divided_by(by_route(weight), 8, 2), is_divided=False)

    assert shares == Shares(canary_is_small=is_small)


def test_without_clients_nothing_is_shared() -> None:
    assert shares_of(divided_by(by_route(50), 0, 2), is_divided=False) == Shares()
