"""`python -m benchmarks.gateway`: what the gateway costs, beside direct calls and a plain program.

All of it runs on one machine, the callers too, so ratios within a run say more than its times. CPU
time is that of the server's process alone.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.controller.machine import about, load_average
from benchmarks.gateway.balance import balance
from benchmarks.gateway.measures import Size, Subject
from benchmarks.gateway.processes import program_lines
from benchmarks.gateway.questions import Questions
from benchmarks.gateway.report import table
from benchmarks.gateway.scene import PRICE, Scene, scene
from benchmarks.gateway.ways import Direct, Posts
from hack.console import reported, say

FOLDER = Path("build/benchmarks/gateway")
MEASURES = ("single", "batches", "cache", "routes", "balance")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=Size().rounds, help="%(default)s")
    parser.add_argument("--only", choices=MEASURES, nargs="+", default=MEASURES)
    parser.add_argument("--output", type=Path, help="JSON of the results")
    given = parser.parse_args()
    with reported():
        result = measure(FOLDER, Size(rounds=given.rounds), given.only)
        say(table(result))
        if given.output:
            given.output.parent.mkdir(parents=True, exist_ok=True)
            given.output.write_text(json.dumps(result, indent=2) + "\n")


def measure(folder: Path, size: Size, only: Sequence[str] = MEASURES) -> dict[str, Any]:
    """Start the servers and return the figures of the measures named, with machine and load."""
    folder = folder.resolve()
    result = {**about(), "rounds": size.rounds, "linesOfPlainProgram": program_lines()}
    with scene(folder) as running:
        result |= asyncio.run(_measured(running, size, only))
        result["rssMb"] = {
            name: round(each.memory_mb()[0], 1) for name, each in running.processes.items()
        }
        bars = running.bars
    if "balance" in only:
        result["balance"] = asyncio.run(balance(folder, bars))
    return {**result, "loadAverageAfter": load_average()}


async def _measured(running: Scene, size: Size, only: Sequence[str]) -> dict[str, Any]:
    direct = Direct(running.grpc, PRICE)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(120)) as session:
        gateway, plain = Posts(session, running.gateway), Posts(session, running.plain)
        questions = Questions(running.bars, running.text)
        subject = Subject(running, size, direct, gateway, plain, questions)
        made: dict[str, Any] = {}
        if "single" in only:
            made["singleRows"] = await subject.single_rows()
        if "batches" in only:
            made["batches"] = await subject.batches()
        if "cache" in only:
            made["cacheHits"] = await subject.cache_hits()
        if "routes" in only:
            made["routes"] = await subject.routes()
    await direct.close()
    return made


if __name__ == "__main__":
    main()
