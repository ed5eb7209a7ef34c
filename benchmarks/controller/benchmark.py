"""The input of every phase: the operator under test, its cluster, and the load."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.controller.audit import AuditLog
from benchmarks.controller.client import Client
from benchmarks.controller.observer import Observer
from benchmarks.controller.operator_under_test import OperatorUnderTest
from benchmarks.controller.process import Running

Figures = dict[str, Any]


@dataclass(slots=True)
class Benchmark:
    """The input of every phase."""

    operator: OperatorUnderTest
    n: int
    namespace: str
    kubeconfig: Path
    """Of the load; the operator's own is another, so that the audit log tells them apart."""

    audit: AuditLog
    client: Client
    observer: Observer
    running: Running
    samples: int = 200
    idle_seconds: float = 60
    events_per_object: int = 10
    event_rate: float = 150
    pods: bool = True
    """Whether anything becomes Ready."""

    def path(self, name: str = "") -> str:
        return self.operator.resource.path(self.namespace, name)

    def names(self) -> list[str]:
        return [f"model-{number:05d}" for number in range(self.n)]

    def patience(self, each: float) -> float:
        """Return seconds to wait for something of all objects before it counts as never."""
        return 60 + self.n * each

    async def start(self, changed: Mapping[str, str] | None = None) -> None:
        """Start the operator under test, and wait until it watches its custom resources.

        On a busy machine it can be ready, and quiet for a moment, before it has listed them.

        Raises `TimeoutError` when it does not watch them in time.
        """
        mark = self.audit.mark()
        await self.running.start(changed)
        async with asyncio.timeout(self.patience(0.4)):
            while True:
                await asyncio.sleep(0.1)
                if self.audit.since(mark).watched[self.operator.resource.plural]:
                    return

    async def idle(self) -> float:
        return await self.running.idle(self.patience(0.4))

    def cost(self, mark: int) -> Figures:
        """Return requests since the mark and usage since `begin`."""
        requests = self.audit.since(mark).to_json()
        return {"requests": requests, "usage": asdict(self.running.usage())}
