"""Verdicts on a canary that is compared with a baseline: what is counted, and what messages say."""

from dataclasses import dataclass, replace

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisQuestion
from tests.unit.planning.analysis.judging_harness import (
    Bench,
    Server,
    metric,
    metric_of,
    pods_of,
    settings,
)

RELATIVE = metric(maxRelative="150%")
LIMITED = metric(max="1%", maxRelative="150%")


@dataclass
class BaselineBench(Bench):
    """A bench whose stable revision has servers that serve, and one that is compared."""

    has_baseline: bool = True
    is_late: bool = False

    @property
    def question(self) -> AnalysisQuestion:
        asked = super().question
        if self.is_late:
            return replace(asked, lacks_baseline=True)
        if not self.has_canary:
            return asked
        compared = self.stable[-1:] if self.has_baseline else []
        pods = pods_of(compared, self.canary_since)
        return replace(asked, stable=replace(asked.stable, pods=pods, is_baseline=True))


def bench_of(
    limits: dict[str, str], *, has_baseline: bool = True, is_late: bool = False
) -> BaselineBench:
    bench = BaselineBench(settings(limits), has_canary=False)
    bench.has_baseline, bench.is_late = has_baseline, is_late
    bench.stable.append(Server("baseline-0"))
    for _ in range(25):
        bench.serve()
        bench.pass_time()
    bench.has_canary = True
    return bench


def test_the_baselines_requests_alone_are_those_of_stable() -> None:
    bench = bench_of(RELATIVE)
    for _ in range(30):
        for server in bench.stable[:-1]:
            server.serve(450, 0)
        bench.stable[-1].serve(150, 15)
        for server in bench.canary:
            server.serve(150, 15)
        result = bench.pass_time()

    # The other pods of the stable revision, without failures, would make this a failure.
    assert result.verdict is not Verdict.FAIL
    assert metric_of(result).stable == "10%"
    assert metric_of(result).message.endswith("; stable is the baseline of 1 pod")


def test_a_canary_worse_than_its_baseline_fails_and_says_with_what_it_was_compared() -> None:
    bench = bench_of(RELATIVE)
    result = bench.run(12, canary=(150, 15), stable=(150, 2))

    assert result.verdict is Verdict.FAIL
    assert "; stable is the baseline of 1 pod" in result.message


def test_no_canary_passes_before_a_pod_of_the_baseline_answers() -> None:
    bench = bench_of(LIMITED, has_baseline=False)
    result = bench.run(30)

    assert result.verdict is Verdict.LOW_TRAFFIC
    assert "no pod of the baseline answers yet" in result.message


def test_an_absolute_limit_decides_before_the_baseline_answers() -> None:
    bench = bench_of(LIMITED, has_baseline=False)

    assert bench.run(10, canary=(150, 30)).verdict is Verdict.FAIL


def test_a_late_baseline_leaves_the_own_pods_and_the_message_says_so() -> None:
    result = bench_of(RELATIVE, is_late=True).run(30)

    assert result.verdict is Verdict.PASS
    assert result.message.endswith(
        "; stable is the revision's own pods, since no pod of the baseline answered"
    )


def test_pods_with_too_much_load_are_not_compared_with_a_baseline_either() -> None:
    bench = bench_of(RELATIVE)
    result = bench.run(10, canary=(450, 60), stable=(150, 2))

    assert result.verdict is Verdict.INCOMPARABLE


def test_an_absolute_limit_has_no_word_about_a_baseline() -> None:
    bench = bench_of(metric(max="1%"))

    assert "baseline" not in bench.run(20).message
