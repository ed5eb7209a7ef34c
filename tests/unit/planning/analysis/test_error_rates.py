"""The rule's own error rates, through the whole path from counters to verdicts, with drawn traffic.

`benchmarks.analysis_error_rates` measures the rule alone with more rollouts.
"""

import math
import random
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.measurement import Family, NoAnswer, Outage
from tests.unit.planning.analysis.judging_harness import Bench, Server, metric, settings

BOTH = metric(max="1%", maxRelative="150%")
WINDOWS = 40
DOWN = dict.fromkeys(Family, NoAnswer(Outage.UNREACHABLE, "down"))


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests of a track in a window, and the share that fails."""

    requests: float
    share: float

    def drawn(self, source: random.Random) -> tuple[int, int]:
        requests = _poisson(source, self.requests)
        return requests, min(requests, _poisson(source, requests * self.share))


def _poisson(source: random.Random, mean: float) -> int:
    """Return a Poisson number; a normal one where the mean is large."""
    if mean > 50:
        return max(0, round(source.gauss(mean, math.sqrt(mean))))
    limit, product, number = math.exp(-mean), source.random(), 0
    while product > limit:
        product *= source.random()
        number += 1
    return number


def rollout(seed: int, canary: Traffic, stable: Traffic, lost: float = 0.0) -> set[Verdict]:
    """Return all verdicts of a rollout of ten minutes, in which some sweeps are lost."""
    source = random.Random(seed)
    bench = Bench(settings(BOTH), stable=[Server("stable-0")])
    bench.has_canary = False
    bench.pass_time()
    for _ in range(25):
        bench.serve((0, 0), stable.drawn(source))
        bench.pass_time()
    bench.has_canary = True
    bench.pass_time()
    verdicts = set()
    for _ in range(WINDOWS):
        bench.serve(canary.drawn(source), stable.drawn(source))
        bench.now += timedelta(seconds=15)
        bench.scrape()
        is_lost = source.random() < lost
        result = bench.judge(bench.sweep(families=DOWN, by_pod={}) if is_lost else None)
        verdicts.add(result.verdict)
        if result.verdict is Verdict.FAIL:
            break
    return verdicts


@pytest.mark.parametrize("lost", [0.0, 0.4])
def test_identical_versions_are_taken_back_at_most_as_often_as_promised(lost: float) -> None:
    """Two limits of 1 % each: of 200 rollouts at most 4 on average, and 10 once in 300 runs of
    other seeds. Measured: none."""
    stable = Traffic(1350, 0.005)
    taken_back = [
        seed
        for seed in range(200)
        if Verdict.FAIL in rollout(seed, Traffic(150, 0.005), stable, lost)
    ]

    assert len(taken_back) <= 4, taken_back


@pytest.mark.parametrize("lost", [0.0, 0.4])
def test_errors_of_five_percent_are_always_found(lost: float) -> None:
    promoted = [
        seed
        for seed in range(100)
        if Verdict.FAIL not in rollout(seed, Traffic(150, 0.05), Traffic(1350, 0.005), lost)
    ]

    assert not promoted


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    lost=st.lists(st.booleans(), min_size=8, max_size=8),
    requests=st.integers(0, 10**7),
    restarted=st.booleans(),
)
def test_what_is_lost_never_makes_a_fail_of_a_canary_without_errors(
    lost: list[bool], requests: int, restarted: bool
) -> None:
    bench = Bench(settings(BOTH))
    bench.begin(windows=3)
    for is_lost in lost:
        bench.serve((requests, 0), (450, 2))
        bench.now += timedelta(seconds=15)
        bench.scrape()
        result = bench.judge(bench.sweep(families=DOWN, by_pod={}) if is_lost else None)
        assert result.verdict is not Verdict.FAIL
        if restarted:
            bench.canary[0].restart()


@pytest.mark.parametrize(
    ("limits", "words"), [({"max": "1%"}, "1%"), ({"maxRelative": "150%"}, "150% of stable")]
)
def test_a_version_slightly_above_its_limit_may_pass_and_the_message_says_so(
    limits: dict[str, str], words: str
) -> None:
    bench = Bench(settings(metric(**limits)))
    bench.begin(stable=(1500, 10))

    # 1.1 %, and 1.65 times the stable revision's share.
    result = bench.run(30, canary=(1000, 11), stable=(1500, 10))

    assert result.verdict is Verdict.PASS
    assert result.message.endswith(f", between {words} and its double")
