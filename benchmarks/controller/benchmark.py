"""The input of every phase: the subject, its place, and the load."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks.controller.audit import AuditLog
from benchmarks.controller.burst import Burst, patience
from benchmarks.controller.client import Client
from benchmarks.controller.environment import Place
from benchmarks.controller.observer import Observer
from benchmarks.controller.options import Options
from benchmarks.controller.process import Running
from benchmarks.controller.subject import Subject
from hack.product import ROOT

Figures = dict[str, Any]
Life = Literal["", "burst", "restart", "upgrade"]
USER = "subject"
"""The subject's user, by which the audit log tells its requests from the benchmark's."""


@dataclass(slots=True)
class Benchmark:
    """The input of every phase."""

    subject: Subject
    place: Place
    n: int
    options: Options
    client: Client
    observer: Observer
    audit: AuditLog
    running: Running

    @classmethod
    def of(
        cls, subject: Subject, place: Place, n: int, options: Options, client: Client
    ) -> "Benchmark":
        server = place.server
        log = server.folder / "subject.log"
        return cls(
            subject=subject,
            place=place,
            n=n,
            options=options,
            client=client,
            observer=Observer(client, subject, place.namespace),
            audit=AuditLog(server.audit_log, USER),
            running=Running(subject, server.kubeconfig_of(USER), log),
        )

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of the load."""
        return self.place.server.kubeconfig

    def path(self, name: str = "") -> str:
        return self.subject.resource.path(self.place.namespace, name)

    def names(self) -> list[str]:
        return [f"model-{number:05d}" for number in range(self.n)]

    def burst(self) -> Burst:
        return Burst(self.subject, self.observer, self.n, self.place.pods, writes_status=True)

    async def start(
        self, changed: Mapping[str, str] | None = None, *, root: Path = ROOT, life: Life = ""
    ) -> None:
        """Start the subject, and wait until it watches its custom resources.

        On a busy machine it can be ready, and quiet for a moment, before it has listed them. The
        lives that have a goal of their own are profiled.

        Raises `TimeoutError` when it does not watch them in time.
        """
        mark = self.audit.mark()
        await self.running.start(changed, root=root, profile=self._profile(life))
        async with asyncio.timeout(patience(self.n, 0.4)):
            while True:
                await asyncio.sleep(0.1)
                if self.audit.since(mark).watched[self.subject.resource.plural]:
                    return

    def _profile(self, life: Life) -> Path | None:
        profile = self.options.profile
        if profile is None or not life:
            return None
        return profile if life == "burst" else profile.with_stem(f"{profile.stem}-{life}")

    async def idle(self) -> float:
        return await self.running.idle(patience(self.n, 0.4))

    def cost(self, mark: int) -> Figures:
        """Return requests since the mark and usage since `begin`."""
        requests = self.audit.since(mark).to_json()
        return {"requests": requests, "usage": asdict(self.running.usage())}
