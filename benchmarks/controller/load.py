"""Sends many requests with a bounded number in flight, as a process of its own.

Reads one JSON document on stdin (kubeconfig, workers, rate, sequences), writes one on stdout
(began, ended, cpu_seconds, statuses): the benchmark's own Python must not slow down what it loads.
The requests of a sequence are sent one after the other. `{uid}` in the bodies of a sequence becomes
the uid of its first answer.
"""

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.controller.client import JSON, Client
from hack.console import StepError
from hack.product import ROOT

UID = "{uid}"
"""The place of the first answer's uid."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to be sent."""

    method: str
    path: str
    body: Any = None
    content_type: str = JSON

    def to_json(self) -> list[str | None]:
        text = json.dumps(self.body) if self.body is not None else None
        return [self.method, self.path, text, self.content_type]


@dataclass(frozen=True, slots=True)
class Sent:
    """When the first was begun and the last answered (seconds of the epoch), and the statuses."""

    began: float
    ended: float
    cpu_seconds: float
    statuses: dict[str, int]

    @property
    def failed(self) -> int:
        return sum(count for status, count in self.statuses.items() if not status.startswith("2"))


async def send(
    kubeconfig: Path,
    sequences: Sequence[Sequence[Request]],
    *,
    workers: int = 16,
    rate: float = 0,
) -> Sent:
    """Send the sequences from a child process, at most `rate` a second (0: as fast as possible)."""
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
        "sequences": [[request.to_json() for request in sequence] for sequence in sequences],
    }
    stdout, _ = await process.communicate(json.dumps(given).encode())
    if process.returncode:
        raise StepError("the process that sends the load failed", "Read its words above.")
    return Sent(**json.loads(stdout))


async def _run(given: dict[str, Any]) -> dict[str, Any]:
    queue = iter(given["sequences"])
    statuses: Counter[str] = Counter()
    gap = 1 / given["rate"] if given["rate"] else 0.0
    cpu = time.process_time()
    began = turn = time.time()

    async def worker(client: Client) -> None:
        nonlocal turn
        for sequence in queue:
            turn += gap
            await asyncio.sleep(max(0.0, turn - time.time()))
            statuses.update(await _send_in_turn(client, sequence))

    async with Client(Path(given["kubeconfig"])) as client:
        await asyncio.gather(*(worker(client) for _ in range(given["workers"])))
    return {
        "began": began,
        "ended": time.time(),
        "cpu_seconds": time.process_time() - cpu,
        "statuses": statuses,
    }


async def _send_in_turn(client: Client, sequence: list[list[str]]) -> list[str]:
    """Return the statuses."""
    uid, statuses = "", []
    for method, path, text, content_type in sequence:
        sent = text.replace(UID, uid) if uid else text
        headers = {"Content-Type": content_type}
        status, answer = await client.send_text(method, path, sent, headers)
        statuses.append(str(status))
        if not uid and len(sequence) > 1:
            uid = _uid(answer)
    return statuses


def _uid(answer: bytes) -> str:
    """Return the uid of an answer; empty if it is a refusal."""
    uid = json.loads(answer).get("metadata", {}).get("uid", "")
    return str(uid)


def _main() -> None:
    given = json.load(sys.stdin)
    # The requests stay until the end: no collection need look at them.
    gc.freeze()
    print(json.dumps(asyncio.run(_run(given))))


if __name__ == "__main__":
    _main()
