"""Bad minutes and pod-hours of the operator's chain, HPA and KEDA, on simulated traces.

`python -m benchmarks.scaling_laws` plays all kinds of traces with all seeds and prints two tables
for each set of targets: all kinds, and the goals. 40 minutes of all traces take about two minutes
of one CPU for each set of targets.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path

from inference_operator.cli.scaling_simulation.comparison import (
    Outcome,
    Targets,
    compared,
    summed,
)
from inference_operator.cli.scaling_simulation.traces import TraceKind

TUNED = (1,)
"""Seeds that were seen while the proposal was chosen."""

LATER = (101, 102)
"""Seeds that were chosen afterwards."""

Played = dict[tuple[TraceKind, int], tuple[Outcome, ...]]


def main(arguments: Sequence[str]) -> int:
    """Print the tables, and write all outcomes as JSON if a file is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="length of each trace")
    parser.add_argument("--targets", type=Targets, choices=list(Targets), action="append")
    parser.add_argument("-o", "--output", type=Path, help="JSON of all outcomes")
    options = parser.parse_args(arguments)
    rows = []
    for targets in options.targets or list(Targets):
        played: Played = {}
        for kind, seed in product(TraceKind, (*TUNED, *LATER)):
            played[kind, seed] = compared(kind, seed, targets, options.minutes * 60.0)
        print(table(f"targets: {targets}", played), end="\n\n", flush=True)
        print(goals(played), end="\n\n", flush=True)
        rows += [
            {"targets": targets, "trace": kind, "seed": seed, **asdict(outcome)}
            for (kind, seed), outcomes in played.items()
            for outcome in outcomes
        ]
    if options.output:
        options.output.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0


def table(title: str, played: Played) -> str:
    """Return bad minutes / pod-hours / direction changes of each law by kind of trace, and of all
    traces by seeds."""
    laws = [outcome.law for outcome in next(iter(played.values()))]
    lines = [f"| {title} | {' | '.join(laws)} |", "|---" * (len(laws) + 1) + "|"]
    parts = {str(kind): [key for key in played if key[0] is kind] for kind in TraceKind}
    for name, seeds in (("seeds of the tuning", TUNED), ("later seeds", LATER)):
        parts[f"all, {name}"] = [key for key in played if key[1] in seeds]
        parts[f"all but sick-replica, {name}"] = [
            key for key in parts[f"all, {name}"] if key[0] is not TraceKind.SICK_REPLICA
        ]
    for name, keys in parts.items():
        if keys:
            sums = summed(played[key] for key in keys)
            cells = [
                f"{each.bad_minutes} / {each.pod_hours:.1f} / {each.reversals}" for each in sums
            ]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def goals(played: Played) -> str:
    """Return the goals, and what the operator reaches with the later seeds, against HPA."""
    later = {key: each for key, each in played.items() if key[1] in LATER}
    every, spikes, days = (
        {each.law: each for each in summed(row for key, row in later.items() if key[0] in kinds)}
        for kinds in (frozenset(TraceKind), {TraceKind.SPIKE}, {TraceKind.DAY})
    )
    rows = [
        ("bad minutes of all traces, of HPA's", "1/2.3", _share(every, "bad_minutes")),
        ("bad minutes of spikes, of HPA's", "1/5", _share(spikes, "bad_minutes")),
        ("replica-hours of all traces, of HPA's", "1.00", _share(every, "pod_hours")),
        ("direction changes of a day", "1 an hour", f"{days['operator'].reversals / len(LATER):g}"),
    ]
    lines = ["| measure | goal, at most | operator |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _share(outcomes: dict[str, Outcome], field: str) -> str:
    own, peer = (getattr(outcomes[law], field) for law in ("operator", "HPA"))
    return f"{own / peer:.2f} ({own:.5g} of {peer:.5g})" if peer else f"{own:g} of 0"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
