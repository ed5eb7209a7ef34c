"""Tests of whole plays: pods, scrapes, laws and scores together."""

import sys

import pytest

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.cli.scaling_simulation.operator_law import OperatorLaw
from inference_operator.cli.scaling_simulation.play import Law, Score, play
from inference_operator.cli.scaling_simulation.pods import Pods
from inference_operator.cli.scaling_simulation.readings import View, view_of
from inference_operator.cli.scaling_simulation.service import Service
from inference_operator.cli.scaling_simulation.traces import (
    OutageShape,
    TraceKind,
    arrivals_of,
    trace_of,
)

SERVICE = Service(base=0.02, item=0.005, max_batch=4)
METRICS = (
    ScalingMetric(type="RequestRate", target="20"),
    ScalingMetric(type="QueueTime", target="5ms"),
    ScalingMetric(type="PendingRequests", target="4"),
    ScalingMetric(type="GPUUtilization", target="70%"),
    ScalingMetric(type="Latency", statistic="mean", target="50ms"),
)


class Fixed:
    """A law that never changes the number of pods."""

    name = "fixed"
    interval = 15.0

    def decide(self, view: View) -> int:
        return view.size


class Jump:
    """A law that asks for a number of pods from a time on."""

    name = "jump"
    interval = 10.0

    def __init__(self, at: float, size: int) -> None:
        self.at, self.size = at, size

    def decide(self, view: View) -> int:
        return self.size if view.now >= self.at else view.size


def score(law: Law, pods: int, kind: TraceKind = TraceKind.STEP) -> Score:
    trace = trace_of(kind, 1, 300.0)
    return play(trace, arrivals_of(trace), law, METRICS, pods)


def test_enough_pods_have_no_bad_minute_and_one_pod_has_many() -> None:
    trace = trace_of(TraceKind.STEP, 1, 300.0)
    ample, short = score(Fixed(), trace.most_pods), score(Fixed(), 1)
    assert ample.bad_minutes == 0
    assert short.bad_minutes >= 4
    assert ample.pod_hours == pytest.approx(trace.most_pods * 300 / 3600)
    assert short.sizes == short.ready == (1,) * 300
    assert all(each and 0 < each < trace.slo for each in ample.p95)
    assert short.p95[-1] is not None
    assert short.p95[-1] > trace.slo


def test_equal_seeds_have_equal_scores() -> None:
    assert score(Jump(60.0, 6), 2) == score(Jump(60.0, 6), 2)


def test_pods_cost_from_their_creation_on_and_end_without_losing_requests() -> None:
    trace = trace_of(TraceKind.STEP, 1, 300.0)
    fewer = score(Jump(100.0, trace.most_pods), trace.most_pods + 3)
    assert fewer.bad_minutes == 0
    assert fewer.reversals == 0
    assert fewer.pod_hours == pytest.approx((trace.most_pods * 300 + 3 * 100) / 3600)


def test_counters_never_fall_and_all_requests_are_counted() -> None:
    pods, answers = Pods(SERVICE, "a", (25, 50)), []
    pods.resize(2, 0.0, 0.0)
    before = [(0, 0, 0.0, 0.0, 0.0)] * 2
    for second in range(60):
        arrivals = [second + place / 50 for place in range(50)]
        pods.run(float(second), arrivals, lambda at, _: answers.append(at))
        after = [
            (c.succeeded, c.executions, c.request_us, c.queue_us, c.busy)
            for c in (pod.server.counters for pod in pods.pods)
        ]
        for old, new in zip(before, after, strict=True):
            assert all(left <= right for left, right in zip(old, new, strict=True))
        before = after
    pods.drain(60.0, lambda at, _: answers.append(at))
    assert len(answers) == 3_000
    assert sum(pod.server.counters.succeeded for pod in pods.pods) == 3_000


def test_readings_are_the_means_of_what_happened() -> None:
    pods = Pods(SERVICE, "a")
    pods.resize(2, 0.0, 0.0)
    for second in range(90):
        arrivals = [second + place / 80 for place in range(80)]
        pods.run(float(second), arrivals, lambda at, latency: None)
    view = view_of(90.0, pods.pods, METRICS, None)
    rate, queue, pending, use, latency = (
        [each.value for each in reading.by_pod.values()] for reading in view.readings
    )
    assert sum(rate) == pytest.approx(80.0, rel=0.05)
    assert all(0 < wait < total < 100 for wait, total in zip(queue, latency, strict=True))
    assert all(0 <= each < 20 for each in pending)
    assert all(0.5 < each <= 1 for each in use)
    outage = view_of(90.0, pods.pods, METRICS, OutageShape.REFUSED)
    assert [len(reading.by_pod) for reading in outage.readings] == [0] * len(METRICS)


def test_pods_without_requests_are_idle_and_have_no_time() -> None:
    pods = Pods(SERVICE, "a")
    pods.resize(2, 0.0, 0.0)
    for second in range(90):
        pods.run(float(second), [], lambda at, latency: None)
    rate, queue, *_ = view_of(90.0, pods.pods, METRICS, None).readings
    assert [each.value for each in rate.by_pod.values()] == [0.0, 0.0]
    assert (dict(queue.by_pod), len(queue.idle)) == ({}, 2)


@pytest.mark.parametrize("shape", OutageShape)
def test_the_operator_keeps_its_pods_in_an_outage_at_peak(shape: OutageShape) -> None:
    settings = Autoscaling(min_replicas=1, max_replicas=20, metrics=METRICS[:2])
    law, size = OperatorLaw(settings, 20.0), 8
    for sweep in range(1, 120):
        ready = {f"pod-{n}": 0.0 for n in range(size)}
        size = law.decide(View(10.0 * sweep, size, ready, (), (), shape))
    assert size == 8
    assert {str(decision.reason) for _, decision in law.decisions} == {"ScalingHeld"}


def test_no_part_of_the_simulation_needs_numpy() -> None:
    names = [name for name in sys.modules if "cli.scaling_simulation" in name]
    assert names
    assert not any(hasattr(sys.modules[name], "numpy") for name in names)
