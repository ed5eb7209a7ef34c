"""`python -m benchmarks.serving --output FILE`: requests, latency, and the ratio to a plain loop.

Models, images and perf_analyzer are made first, which takes minutes; `--prepare` ends there.
"""

import argparse
import json
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.controller.machine import about
from benchmarks.serving.models import CASES, TOKENS, Case, inputs, lay_out, network, request_file
from benchmarks.serving.perf_analyzer import Load, measure, program
from hack.console import reported, say
from hack.images.catalog import rootfs
from hack.images.local_triton import LocalTriton
from hack.images.torch import torch_dir

_FOLDER = Path("build/benchmarks/serving")
# What the reference figures imply: 1,000 req/s of 10 ms, or 500 of 20 ms, are 10 at any time.
_REFERENCE_IN_FLIGHT = 10


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    parser.add_argument("--output", type=Path, help="JSON of the results")
    parser.add_argument("--prepare", action="store_true", help="make what is needed, and end")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load (%(default)s)")
    given = parser.parse_args()
    with reported():
        repository = lay_out(_FOLDER)
        rootfs("triton"), torch_dir(), program()
        if given.prepare:
            return
        torch.set_num_threads(1)
        machine, rows = about(), []
        for case in CASES:
            rows += _of_case(case, repository, given.seconds)
        result = {"machine": machine, "tokens": TOKENS, "loads": rows}
        if given.output:
            given.output.parent.mkdir(parents=True, exist_ok=True)
            given.output.write_text(json.dumps(result, indent=2) + "\n")
        say(table(rows))


def _of_case(case: Case, repository: Path, seconds: float) -> list[dict[str, Any]]:
    """Single rows that Triton gathers, then whole batches; a plain loop before and after each.

    Only this case's model is served, so that no other takes memory or threads.
    """
    alone = _FOLDER / "alone" / case.name
    alone.mkdir(parents=True, exist_ok=True)
    link = alone / case.name
    if not link.exists():
        _hard_links(repository / case.name, link)
    data = request_file(case, _FOLDER)
    loads = [
        Load(case.name, 1, _REFERENCE_IN_FLIGHT, data, seconds),
        Load(case.name, 1, case.batch, data, seconds),
        Load(case.name, case.batch, 2, data, seconds),
    ]
    rows = []
    with LocalTriton(alone) as triton:
        measure(triton.grpc, Load(case.name, 1, 2, data, 1.5, steady=False))
        for load in loads:
            before = plain_rows(case, seconds / 4)
            served = measure(triton.grpc, load)
            plain = statistics.mean((before, plain_rows(case, seconds / 4)))
            row = {"batch": load.batch, "inFlight": load.concurrency, **asdict(served)}
            rows.append(
                {"model": case.name, **row, "plainRows": plain, "ratio": served.rows / plain}
            )
            say(table(rows[-1:]).splitlines()[-1])
    return rows


def _hard_links(source: Path, target: Path) -> None:
    (target / "1").mkdir(parents=True)
    for file in source.rglob("*"):
        if file.is_file():
            (target / file.relative_to(source)).hardlink_to(file)


def plain_rows(case: Case, seconds: float) -> float:
    """Return rows a second of the network in PyTorch: 1 thread, batches of `case.batch`."""
    model, given = network(case.network), tuple(inputs(case.network, case.batch).values())
    count = 0
    with torch.inference_mode():
        model(*given)
        begun = time.perf_counter()
        while time.perf_counter() - begun < seconds:
            model(*given)
            count += case.batch
        return count / (time.perf_counter() - begun)


def table(rows: list[dict[str, Any]]) -> str:
    """Return Markdown, as it is in docs/benchmarks.md."""
    lines = [
        "| model | rows a request | in flight | req/s | rows/s | p50 | p95 | plain loop, rows/s |"
        " ratio |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        lines.append(
            f"| {row['model']} | {row['batch']} | {row['inFlight']} | {row['requests']:,.0f} |"
            f" {row['rows']:,.0f} | {row['p50']:.1f} ms | {row['p95']:.1f} ms |"
            f" {row['plainRows']:,.0f} | {row['ratio']:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
