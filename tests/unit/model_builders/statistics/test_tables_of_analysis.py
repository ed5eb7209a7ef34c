"""Tables of docs/analysis.md with numbers of requests: what the rule itself says of them."""

import math
import re

import pytest

from hack.product import ROOT
from model_builders.statistics.counts import AbsoluteLimit, Counts, Limit, RelativeLimit, Window
from model_builders.statistics.judgement import Judgement, Outcome

PAGE = (ROOT / "docs" / "analysis.md").read_text()
NOBODY = Counts(0, 0)
_OUTCOMES = {"LowTraffic": Outcome.UNDECIDED, "Fail": Outcome.EXCEEDED, "Pass": Outcome.KEPT}
_SHARES = {
    "5 times the limit": 5.0,
    "3 times": 3.0,
    "twice": 2.0,
    "one and a half times": 1.5,
    "the limit itself": 1.0,
    "half of it": 0.5,
    "none": 0.0,
}
_LIMITS = (0.001, 0.01, 0.05)


def cells(header: str) -> list[list[str]]:
    """Return the cells of the rows of a table, whose header begins so."""
    table = PAGE.partition(f"| {header} |")[2].partition("\n\n")[0]
    lines = table.splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def number(text: str) -> float:
    return float(text.replace(",", ""))


def judged(canary: Counts, limit: Limit, stable: Counts = NOBODY) -> Judgement:
    return Judgement().after(Window(canary, stable), limit)


def fewest(limit: AbsoluteLimit, share: float) -> tuple[int, Outcome]:
    """Return the fewest requests that decide, and what they decide. The last of them is bad, if any
    is."""
    low, high = 1, 10**4
    while low < high:
        middle = (low + high) // 2
        is_open = judged(_counts(middle, share), limit).outcome is Outcome.UNDECIDED
        low, high = (middle + 1, high) if is_open else (low, middle)
    counts = _counts(low, share)
    return round(counts.requests), judged(counts, limit).outcome


def _counts(number: int, share: float) -> Counts:
    """Return so many bad requests of a share, or so many good ones of none."""
    return Counts(round(number / share), number) if share else Counts(number, 0)


@pytest.mark.parametrize("row", cells("the canary's requests"), ids=lambda row: row[0])
def test_the_evidence_of_counts(row: list[str]) -> None:
    requests, bad, exceeds, below = map(number, row[:4])
    judgement = judged(Counts(requests, bad), AbsoluteLimit(0.01))

    assert math.exp(judgement.exceeded.log_above) == pytest.approx(exceeds, rel=0.06)
    assert math.exp(judgement.kept.log_below) == pytest.approx(below, rel=0.06)
    assert judgement.outcome is _OUTCOMES[row[4].split("`")[1]]


def test_the_rows_are_those_of_the_page() -> None:
    assert [row[0] for row in cells("the canary's bad requests")] == list(_SHARES)


@pytest.mark.parametrize("row", cells("the canary's bad requests"), ids=lambda row: row[0])
def test_the_requests_that_a_limit_needs(row: list[str]) -> None:
    for share, written in zip(_LIMITS, row[1:4], strict=True):
        requests, outcome = fewest(AbsoluteLimit(share), share * _SHARES[row[0]])
        assert number(written) == pytest.approx(requests, rel=0.1)
        expected = Outcome.KEPT if row[4] == "passes" else Outcome.EXCEEDED
        assert outcome is expected


@pytest.mark.parametrize("weight", [10, 50])
def test_the_requests_that_a_relative_limit_needs(weight: int) -> None:
    numbers = re.search(
        r"about ([\d,]+) of its own requests with a weight of 10 %, and after ([\d,]+) with 50 %",
        PAGE,
    )
    assert numbers is not None
    written = number(numbers[1 if weight == 10 else 2])
    for requests, expected in ((written - 200, Outcome.UNDECIDED), (written, Outcome.KEPT)):
        others = requests * (100 - weight) / weight
        # One of 200 is bad.
        canary, stable = (Counts(each, each / 200) for each in (requests, others))
        assert judged(canary, RelativeLimit(1.5), stable).outcome is expected
