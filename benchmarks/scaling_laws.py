"""Bad minutes and pod-hours of the operator's chain, HPA and KEDA, on simulated traces.

`python -m benchmarks.scaling_laws` plays all kinds of traces with all seeds and prints one table
for each set of targets. An hour of a trace takes about 8 seconds of one CPU for all laws together.
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
        print(table(f"targets: {targets}", played), flush=True)
        rows += [
            {"targets": targets, "trace": kind, "seed": seed, **asdict(outcome)}
            for (kind, seed), outcomes in played.items()
            for outcome in outcomes
        ]
    if options.output:
        options.output.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0


def table(title: str, played: Played) -> str:
    """Return bad minutes / pod-hours of each law by kind of trace, and of all traces by seeds."""
    laws = [outcome.law for outcome in next(iter(played.values()))]
    lines = [f"| {title} | {' | '.join(laws)} |", "|---" * (len(laws) + 1) + "|"]
    parts = {str(kind): [key for key in played if key[0] is kind] for kind in TraceKind}
    parts["all, seeds of the tuning"] = [key for key in played if key[1] in TUNED]
    parts["all, later seeds"] = [key for key in played if key[1] in LATER]
    for name, keys in parts.items():
        if keys:
            sums = summed(played[key] for key in keys)
            cells = [f"{each.bad_minutes} / {each.pod_hours:.1f}" for each in sums]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
