"""`python -m benchmarks.ensemble --output FILE`: the ensemble against its steps one by one.

Models, images and perf_analyzer are made first, which takes minutes; `--prepare` ends there, and
`--tried` measures other settings of the steps as well.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.controller.machine import about
from benchmarks.ensemble.clients import Asking, Connection, Row
from benchmarks.ensemble.measuring import (
    demand_agreement,
    prepare,
    served,
    spending,
    under_load,
)
from benchmarks.ensemble.rounds import Schedule, latencies, throughputs
from benchmarks.ensemble.rows import mean_tokens
from benchmarks.ensemble.tables import compared, loaded, spent
from benchmarks.ensemble.variants import SAMPLE, SAMPLE_INT8, TRIED, int8
from benchmarks.serving.perf_analyzer import program
from hack.console import reported, say
from hack.images.catalog import rootfs
from hack.images.torch import torch_dir

_CLIENTS = 8
_PAIRS, _ROUNDS = 150, 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ensemble")
    parser.add_argument("--output", type=Path, help="JSON of the results")
    parser.add_argument("--prepare", action="store_true", help="make what is needed, and end")
    parser.add_argument("--tried", action="store_true", help="other settings as well")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each load (%(default)s)")
    given = parser.parse_args()
    with reported():
        asked = prepare()
        rootfs("triton"), torch_dir(), program(), int8()
        if given.prepare:
            return
        result = {"machine": about(), "clients": _CLIENTS, "meanTokens": mean_tokens(asked)}
        result |= sample(asked, given.seconds)
        if given.tried:
            result |= tried(given.seconds)
        if given.output:
            given.output.parent.mkdir(parents=True, exist_ok=True)
            given.output.write_text(json.dumps(result, indent=2) + "\n")


def sample(asked: list[Row], seconds: float) -> dict[str, Any]:
    """Return the sample's ways of asking, where its time goes, and its figures under load."""
    trading, ways = SAMPLE.trading(), {}
    with served(trading) as triton:
        for protocol in ("grpc", "http"):
            client = Asking(trading, Connection(protocol, getattr(triton, protocol)))
            demand_agreement(client, asked)
            single = latencies(client.ways(), asked, _PAIRS)
            many = throughputs(client.ways(), asked, Schedule(_CLIENTS, _ROUNDS, seconds))
            ways[protocol] = {"oneClient": single, "manyClients": many}
            say(compared(protocol, _CLIENTS, single, many))
        with spending(triton, trading) as steps:
            loads = [under_load(triton, SAMPLE, trading, 1, seconds)]
        say(spent(steps))
    trading = SAMPLE_INT8.trading()
    with served(trading) as triton:
        loads.append(under_load(triton, SAMPLE_INT8, trading, 1, seconds))
    say(loaded(loads))
    return {"compared": ways, "steps": steps, "loads": loads}


def tried(seconds: float) -> dict[str, Any]:
    """Return each setting's figures under load."""
    loads = []
    for variant in TRIED:
        trading = variant.trading()
        with served(trading) as triton, spending(triton, trading) as steps:
            figures = under_load(triton, variant, trading, 1, seconds)
        loads.append({**figures, "steps": steps})
        say(loaded(loads[-1:]).splitlines()[-1])
    return {"tried": loads}


if __name__ == "__main__":
    main()
