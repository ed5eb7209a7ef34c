"""GPUs that two pods use: their utilisation is not that of a unit."""

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    Outage,
    PodName,
    Sample,
)
from inference_operator.planning.measuring.gpus import shared_gpus

from .judging_harness import UNIT, Bench, Server, metric, metric_of, settings

GPU = metric("gpu", "GPUUtilization", max="90%")
A, B, C = (PodName(UNIT.namespace, name) for name in "abc")


def bench_on(*gpus: str) -> Bench:
    """Return a canary with a pod on each GPU."""
    canary = [Server(f"canary-{i}", gpu=gpu) for i, gpu in enumerate(gpus)]
    return Bench(settings(GPU), canary=canary)


def test_pods_with_gpus_of_their_own_are_judged() -> None:
    bench = bench_on("GPU-1", "GPU-2")
    bench.begin()
    assert metric_of(bench.run(10), "gpu").verdict is Verdict.PASS


def test_two_pods_of_the_canary_on_one_gpu_are_named() -> None:
    bench = bench_on("GPU-1", "GPU-1")
    bench.begin()
    seen = metric_of(bench.run(10), "gpu")
    assert (seen.verdict, seen.reason) == (Verdict.NO_DATA, "SharedGPU")
    assert "the pod canary-0 and canary-1 share the GPU GPU-1" in seen.message


def test_a_stranger_s_pod_on_the_same_gpu_keeps_its_name_for_itself() -> None:
    bench = bench_on("GPU-1")
    stranger = PodName("elsewhere", "notebook")
    bench.others[stranger] = {
        Family.FRESHNESS: (Sample(stranger, None, (), bench.now.timestamp()),),
        Family.GPU_UTILIZATION: (Sample(stranger, None, ("GPU-1",), 0.9),),
    }
    bench.begin()
    seen = metric_of(bench.run(10), "gpu")
    assert seen.reason == "SharedGPU"
    assert "the pod canary-0 and a pod of another namespace share the GPU GPU-1" in seen.message
    assert "notebook" not in seen.message


def usage(*pods: tuple[PodName, str]) -> FamilySamples:
    return FamilySamples(tuple(Sample(pod, None, (gpu,), 0.5) for pod, gpu in pods), 0, 0, ())


def living(*pods: PodName, warnings: tuple[str, ...] = ()) -> FamilySamples:
    return FamilySamples(tuple(Sample(pod, None, (), 1.0) for pod in pods), 0, 0, warnings)


@pytest.mark.parametrize(
    ("pods", "fresh", "shared"),
    [
        ([(A, "1"), (B, "2")], living(A, B), {}),
        ([(A, "1"), (A, "1")], living(A), {}),
        ([(A, "1"), (B, "1"), (C, "1")], living(A, B, C), {"1": (A, B)}),
        # It has ended: the mean of the last window still shows it.
        ([(A, "1"), (B, "1")], living(B), {}),
        # A list of pods that may lack some proves no end.
        ([(A, "1"), (B, "1")], living(B, warnings=("partial",)), {"1": (A, B)}),
        ([(A, "1"), (B, "1")], NoAnswer(Outage.TIMED_OUT, "slow"), {"1": (A, B)}),
        ([(A, ""), (B, "")], living(A, B), {}),
    ],
)
def test_a_gpu_is_shared_by_pods_that_live(
    pods: list[tuple[PodName, str]],
    fresh: FamilySamples | NoAnswer,
    shared: dict[str, tuple[PodName, PodName]],
) -> None:
    answers = {Family.GPU_UTILIZATION: usage(*pods), Family.FRESHNESS: fresh}
    assert shared_gpus(answers) == shared


def test_without_an_answer_no_gpu_is_known_to_be_shared() -> None:
    assert shared_gpus({Family.GPU_UTILIZATION: NoAnswer(Outage.TIMED_OUT, "slow")}) == {}
