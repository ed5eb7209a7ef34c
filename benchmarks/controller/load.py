"""Sends many requests with a bounded number in flight, as a process of its own.

Reads one JSON document on stdin (kubeconfig, workers, rate, requests), writes one on stdout
(began, ended, statuses): the benchmark's own Python must not slow down what it loads.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.controller.client import Client
from hack.product import ROOT


@dataclass(frozen=True, slots=True)
class Request:
    """One request to be sent."""

    method: str
    path: str
    body: Any = None
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Sent:
    """When the first was begun and the last answered (seconds of the epoch), and the statuses."""

    began: float
    ended: float
    statuses: dict[str, int]

    @property
    def failed(self) -> int:
        return sum(count for status, count in self.statuses.items() if not status.startswith("2"))


async def send(
    kubeconfig: Path, requests: Sequence[Request], *, workers: int = 16, rate: float = 0
) -> Sent:
    """Send the requests from a child process, at most `rate` a second (0: as fast as possible)."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.controller.load"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    given = {
        "kubeconfig": str(kubeconfig),
        "workers": workers,
        "rate": rate,
        "requests": [[r.method, r.path, r.body, r.content_type] for r in requests],
    }
    stdout, _ = await process.communicate(json.dumps(given).encode())
    return Sent(**json.loads(stdout))


async def _run(given: dict[str, Any]) -> dict[str, Any]:
    queue = iter(given["requests"])
    statuses: Counter[str] = Counter()
    gap = 1 / given["rate"] if given["rate"] else 0.0
    began = time.time()
    turn = began

    async def worker(client: Client) -> None:
        nonlocal turn
        for method, path, body, content_type in queue:
            turn += gap
            await asyncio.sleep(max(0.0, turn - time.time()))
            status, _ = await client.send(method, path, body, content_type)
            statuses[str(status)] += 1

    async with Client(Path(given["kubeconfig"])) as client:
        await asyncio.gather(*(worker(client) for _ in range(given["workers"])))
    return {"began": began, "ended": time.time(), "statuses": statuses}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(json.load(sys.stdin)))))
