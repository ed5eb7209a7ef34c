"""Error rates of the rules that judge a canary, in simulated rollouts.

`python -m benchmarks.analysis_error_rates` draws identical and bad versions, lets every candidate
rule judge the same counters as Prometheus would show them, and prints the tables of
docs/benchmarks.md. It takes about two minutes of one CPU.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.analysis.bounds import upper_bound
from benchmarks.analysis.rules import CANDIDATES, SHIPPED, Outcome
from benchmarks.analysis.traffic import Floats, Load, Version, draw

# The rule was chosen by traces of the first seed. Those of the second were drawn afterwards.
SEEDS = (18001, 18003)
LOADS = tuple(Load(rate, bursts) for rate in (100, 10) for bursts in (False, True))
FAST = tuple(Load(100, bursts, scrape=5) for bursts in (False, True))
VERSIONS = {
    "identical": Version(),
    "errors 0.75 %, the limit": Version(errors=0.0075),
    "errors 5 %": Version(errors=0.05),
    "latency x1.5": Version(latency=1.5),
    "latency x2": Version(latency=2.0),
    "errors 5 % from minute 7 on": Version(errors=0.05, since=420),
}
GOOD = ("identical", "errors 0.75 %, the limit")
BAD = ("errors 5 %", "latency x1.5", "latency x2")


@dataclass(frozen=True, slots=True)
class Row:
    """Outcomes of one rule. Times of detection are in s, from the first bad request on.

    A time is None if that many rollouts were not taken back. `late_back` are those taken back of
    the second seed only.
    """

    rule: str
    version: str
    rate: float
    bursts: bool
    scrape: int
    rollouts: int
    taken_back: int
    late_back: int
    promoted: int
    p50: float | None
    p90: float | None

    @property
    def upper(self) -> float:
        """Return the 95 % upper bound of the share taken back."""
        return upper_bound(self.taken_back, self.rollouts)


def rows(name: str, load: Load, rollouts: int) -> list[Row]:
    """Judge so many rollouts of a version, half of them of each seed, by every rule."""
    version = VERSIONS[name]
    halves = [draw(version, load, rollouts // 2, seed) for seed in SEEDS]
    table = []
    for rule, (read, judge) in CANDIDATES.items():
        outcomes = [judge(read(traces)) for traces in halves]
        table.append(_row((rule, name), load, outcomes))
    return table


def _row(names: tuple[str, str], load: Load, outcomes: Sequence[Outcome]) -> Row:
    rule, name = names
    failed = np.concatenate([outcome.failed for outcome in outcomes])
    passed = np.concatenate([outcome.passed for outcome in outcomes])
    is_back = np.isfinite(failed)
    return Row(
        rule,
        name,
        *(load.rate, load.bursts, load.scrape),
        len(failed),
        int(is_back.sum()),
        int(np.isfinite(outcomes[-1].failed).sum()),
        int((~is_back & np.isfinite(passed)).sum()),
        *(_quantile(failed - VERSIONS[name].since, share) for share in (0.5, 0.9)),
    )


def _quantile(times: Floats, share: float) -> float | None:
    value = float(np.quantile(times, share, method="higher"))
    return round(value, 1) if np.isfinite(value) else None


def measure(identical: int, bad: int) -> list[Row]:
    """Return all rows, with so many identical rollouts and so many of each bad version."""
    table = []
    for load in (*LOADS, *FAST):
        for name in VERSIONS:
            table += rows(name, load, identical if name == "identical" else bad)
    return table


def tables(measured: Sequence[Row]) -> str:
    """Return the tables of docs/benchmarks.md."""
    heads = [f"{load.rate}/s{', overdispersed' if load.bursts else ''}" for load in LOADS]
    lines = ["Identical versions taken back, with 95 % upper bound:", "", *_head("rule", heads)]
    for rule in CANDIDATES:
        cells = [_back(_find(measured, (rule, "identical"), load)) for load in LOADS]
        lines.append(f"| {rule} | {' | '.join(cells)} |")
    lines += ["", "Bad versions promoted, of each sort, and p90 of the detection:", ""]
    lines += _head("rule", heads)
    for rule in CANDIDATES:
        cells = [_bad([_find(measured, (rule, name), load) for name in BAD]) for load in LOADS]
        lines.append(f"| {rule} | {' | '.join(cells)} |")
    heads = ["scrapes", "taken back", "promoted in 15 min", "p50", "p90"]
    lines += ["", "The shipped rule:", "", *_head("version and load", heads)]
    lines += [_detail(row) for row in measured if row.rule == SHIPPED]
    return "\n".join(lines)


def _head(first: str, others: Sequence[str]) -> list[str]:
    return [f"| {first} | {' | '.join(others)} |", f"|---|{'--:|' * len(others)}"]


def _find(measured: Sequence[Row], names: tuple[str, str], load: Load) -> Row:
    place = (*names, load.rate, load.bursts, load.scrape)
    return next(
        row
        for row in measured
        if (row.rule, row.version, row.rate, row.bursts, row.scrape) == place
    )


def _back(row: Row) -> str:
    return f"{row.taken_back / row.rollouts:.2%} (<= {row.upper:.2%})"


def _bad(group: Sequence[Row]) -> str:
    promoted = " / ".join(str(row.promoted) for row in group)
    return f"{promoted}; {', '.join(_seconds(row.p90) for row in group)}"


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f} s"


def _detail(row: Row) -> str:
    name = f"{row.version}, {row.rate:g}/s{', overdispersed' if row.bursts else ''}"
    promoted = f"{row.promoted / row.rollouts:.1%}"
    if row.version in GOOD:
        return f"| {name} | {row.scrape} s | {_back(row)} | {promoted} | | |"
    back = f"{row.taken_back} of {row.rollouts}"
    times = f"{_seconds(row.p50)} | {_seconds(row.p90)}"
    return f"| {name} | {row.scrape} s | {back} | {promoted} | {times} |"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure the error rates of rules for canaries.")
    parser.add_argument("--identical", type=int, default=5000, help="rollouts without a difference")
    parser.add_argument("--bad", type=int, default=500, help="rollouts of each other version")
    parser.add_argument("--output", type=Path, help="file for all rows, as JSON")
    options = parser.parse_args(argv)
    measured = measure(options.identical, options.bad)
    print(tables(measured))
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        raw = {"seeds": SEEDS, "rows": [asdict(row) for row in measured]}
        lines = json.dumps(raw).replace('{"rule"', '\n{"rule"')
        options.output.write_text(lines + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
