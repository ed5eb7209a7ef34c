"""Error rates and detection times of judged rollouts, played by the operator's own passes.

`python -m benchmarks.canary_rollouts` plays each rollout as `simulate rollout` does: sweeps,
judgement, state machine and status are the code that runs in a cluster. `benchmarks.
analysis_error_rates` compares rules with more traces, and without the operator. All scenarios take
about 45 minutes of one CPU; `--only`, `--rollouts` and `--processes` choose. Results are kept in
`--output` after every 250 rollouts.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.analysis.bounds import quantile, upper_bound
from benchmarks.analysis.rollouts import HOUR, Fault, Played, Scenario, Setting, play
from hack.console import say
from inference_operator.cli.simulation.history import Outcome

# ADR 0039 fixed the rule on 2026-12-01. All seeds were chosen afterwards.
FIRST_SEED = 18_100_000
_CHUNK = 250
FAULTS = {
    "errors 5 %": Fault(errors=0.05),
    "latency x1.5": Fault(latency=1.5),
    "latency x2": Fault(latency=2.0),
}
_UNCOUNTED = ({"setCanaryScale": {"replicas": 1}}, {"pause": {"duration": "40s"}})
SETTINGS = {
    "initialDelay 10s": Setting({"initialDelay": "10s"}),
    "pods 40 s before clients": Setting(steps=(*_UNCOUNTED, *Setting().steps)),
    "scrapes each 15 s": Setting(scrape_interval=15),
    "load time 2 min": Setting(load_time=120),
}
_BASELINE = Setting({"comparedWith": "Baseline"})
# Cold caches, or slower nodes: within the absolute limit, and beyond the relative one.
_SLOWER = 1.3
_WAIT = Setting(steps=({"setWeight": 10}, {"pause": {}}))


@dataclass(frozen=True, slots=True)
class Group:
    """A scenario, and how many rollouts of it are played."""

    scenario: Scenario
    rollouts: int


def groups() -> list[Group]:
    """Return all that is measured; the long ones last."""
    every = [
        Group(Scenario("waits for a person, 100/s", setting=_WAIT), 2),
        Group(Scenario("waits for a person, 20 min outage", setting=_WAIT, outage=(1200, 2400)), 2),
    ]
    for name, fault in FAULTS.items():
        every.append(Group(Scenario(f"{name}, 100/s", fault), 167))
    for name, fault in FAULTS.items():
        every.append(Group(Scenario(f"{name}, 10/s", fault, rate=10), 40))
    for words, setting in SETTINGS.items():
        for name, fault in list(FAULTS.items())[:2]:
            every.append(Group(Scenario(f"{name}, 100/s, {words}", fault, setting), 30))
    for name, fault in FAULTS.items():
        every.append(Group(Scenario(f"{name}, 100/s, uneven", fault, uneven=True), 30))
    every += baselines()
    every.append(Group(Scenario("identical, 100/s, uneven", uneven=True), 60))
    every.append(Group(Scenario("identical, 10/s", rate=10), 60))
    every.append(Group(Scenario("identical, 100/s"), 5000))
    return every


def baselines() -> list[Group]:
    """Return what is measured with a baseline, and what its absence does where new pods are
    slower."""
    every = [
        Group(Scenario(f"baseline: {name}, 100/s", fault, _BASELINE), 100)
        for name, fault in FAULTS.items()
    ]
    errors = Scenario("baseline: errors 5 %, 10/s", FAULTS["errors 5 %"], _BASELINE, rate=10)
    every.append(Group(errors, 40))
    for words, setting in (
        ("slower new pods", Setting()),
        ("baseline, slower new pods", _BASELINE),
    ):
        same = Scenario(f"{words}: identical, 100/s", setting=setting, new_pods=_SLOWER)
        bad = replace(same, name=f"{words}: latency x1.5, 100/s", fault=FAULTS["latency x1.5"])
        every += [Group(same, 100), Group(bad, 60)]
    uneven = Scenario("baseline: identical, 100/s, uneven", setting=_BASELINE, uneven=True)
    every.append(Group(uneven, 60))
    every.append(Group(Scenario("baseline: identical, 100/s", setting=_BASELINE), 600))
    return every


def measure(group: Group, processes: int, keep: Any) -> dict[str, Any]:
    """Play the rollouts of a group; `keep` gets its row after each chunk."""
    results: list[Played] = []
    row: dict[str, Any] = {}
    began = time.monotonic()
    with get_context("fork").Pool(processes) as pool:
        for begin in range(0, group.rollouts, _CHUNK):
            seeds = range(FIRST_SEED + begin, FIRST_SEED + min(begin + _CHUNK, group.rollouts))
            results += pool.map(partial(play, group.scenario), seeds, chunksize=5)
            row = row_of(group.scenario, results, time.monotonic() - began)
            keep(row)
    return row


def row_of(scenario: Scenario, results: Sequence[Played], seconds: float) -> dict[str, Any]:
    """Return the figures of a group. Times are in s from the canary's first request on, until the
    weight 0 is written; shares are of the requests of an hour."""
    back = [each.back for each in results if each.back is not None]
    times = [float("inf") if each.back is None else each.back for each in results]
    shares = [each.requests / (scenario.rate * HOUR) for each in results]
    return {
        "name": scenario.name,
        "scenario": asdict(scenario),
        "seeds": [results[0].seed, results[-1].seed],
        "rollouts": len(results),
        "taken_back": len(back),
        "upper_bound": round(upper_bound(len(back), len(results)), 5),
        "promoted": sum(each.outcome is Outcome.PROMOTED for each in results),
        "p50": quantile(times, 0.5),
        "p90": quantile(times, 0.9),
        "longest": max(back, default=None),
        "share_mean": round(sum(shares) / len(shares), 6),
        "share_p90": quantile(shares, 0.9),
        "quiet_sweeps": sum(each.sweeps for each in results),
        "writes_of_quiet_sweeps": sum(each.writes for each in results),
        "seconds": round(seconds, 1),
        "backs": [[each.seed, each.back] for each in results if each.back is not None],
    }


def line(row: dict[str, Any]) -> str:
    """Return a row of the table of docs/benchmarks.md."""
    bound = f"{row['taken_back']} of {row['rollouts']} (<= {row['upper_bound']:.2%})"
    times = ["" if row[name] is None else f"{row[name]:.0f} s" for name in ("p50", "p90")]
    share = f"{row['share_mean']:.3%}" if row["taken_back"] else ""
    return f"| {row['name']} | {bound} | {row['promoted']} | {' | '.join(times)} | {share} |"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, help="file for all rows, as JSON")
    parser.add_argument(
        "--only", action="append", help="beginning of a scenario's name; repeatable"
    )
    parser.add_argument("--rollouts", type=int, help="rollouts of each scenario")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(argv)
    rows: dict[str, Any] = {}

    def keep(row: dict[str, Any]) -> None:
        rows[row["name"]] = row
        if given.output:
            write(given.output, list(rows.values()))

    say(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores\n")
    say("| version and load | taken back | promoted | p50 | p90 | share of an hour's requests |")
    say("|---|--:|--:|--:|--:|--:|")
    for group in groups():
        name = group.scenario.name
        if given.only and not any(name.startswith(each) for each in given.only):
            continue
        chosen = Group(group.scenario, given.rollouts or group.rollouts)
        say(line(measure(chosen, given.processes, keep)))
    return 0


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows, each on a line of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = ", \n".join(json.dumps(row) for row in rows)
    path.write_text(f'{{"rows": [\n{text}\n]}}\n')


if __name__ == "__main__":
    raise SystemExit(main())
