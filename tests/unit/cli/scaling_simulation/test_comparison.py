"""Tests of the comparison: all laws get the same requests, targets and bounds."""

import pytest

from inference_operator.api.autoscaling_metric import ScalingMetricType
from inference_operator.cli.scaling_simulation.comparison import (
    Outcome,
    Targets,
    compared,
    laws_of,
    settings_of,
    summed,
)
from inference_operator.cli.scaling_simulation.instant import InstantLaw
from inference_operator.cli.scaling_simulation.readings import View
from inference_operator.cli.scaling_simulation.traces import TraceKind, trace_of


@pytest.mark.parametrize("targets", Targets)
def test_targets_follow_from_the_service(targets: Targets) -> None:
    trace = trace_of(TraceKind.STEP, 1)
    settings = settings_of(trace, targets)
    wait, *others = settings.metrics
    assert wait.target_number == pytest.approx(trace.service.full_batch_time * 500, abs=0.001)
    assert settings.max_replicas == trace.most_pods
    rates = [each.target_number for each in others if each.type is ScalingMetricType.REQUEST_RATE]
    capacity = pytest.approx(trace.service.capacity * 0.6, abs=0.001)
    assert rates == ([] if targets is Targets.QUEUE else [capacity])
    assert len(others) == {Targets.QUEUE: 0, Targets.RATE: 1, Targets.ALL: 2}[targets]


def test_each_law_has_an_outcome_and_equal_seeds_have_equal_ones() -> None:
    outcomes = compared(TraceKind.RAMP, 1, Targets.ALL, 120.0)
    trace = trace_of(TraceKind.RAMP, 1, 120.0)
    laws = laws_of(trace, settings_of(trace, Targets.ALL))
    assert [each.law for each in outcomes] == [law.name for law in laws]
    assert all(each.pod_hours > 0 for each in outcomes)
    assert outcomes == compared(TraceKind.RAMP, 1, Targets.ALL, 120.0)


def test_outcomes_of_one_law_are_summed_in_the_order_of_the_first_row() -> None:
    first = (Outcome("b", 1, 1.0, 1), Outcome("a", 2, 0.5, 0))
    second = (Outcome("a", 3, 0.5, 4), Outcome("b", 0, 1.0, 1))
    assert summed([first, second]) == (Outcome("b", 1, 2.0, 2), Outcome("a", 5, 1.0, 4))


def test_the_instant_law_adds_pods_at_once_and_removes_them_after_five_minutes() -> None:
    trace = trace_of(TraceKind.SPIKE, 1)
    law = InstantLaw(trace, 0.6)
    sizes = [law.decide(View(float(t), 1, {}, ())) for t in range(3600)]
    rates = [trace.rate_at(float(t)) for t in range(3600)]
    rise = next(t for t in range(3600) if rates[t] > rates[0])
    fall = next(t for t in range(rise, 3600) if rates[t] == rates[0])
    assert sizes[rise - 1] == trace.first_pods(0.6)
    assert sizes[rise] == min(sizes[fall + 298], trace.most_pods) > sizes[rise - 1]
    assert sizes[fall + 299] == sizes[rise - 1]
