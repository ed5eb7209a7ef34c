"""An observer of custom resources and their children, with its own watches."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.controller.client import Client
from benchmarks.controller.subject import WORKLOADS, Kind, Subject

Point = tuple[float, int, int, int]
"""Seconds of the epoch, and the numbers of custom resources with all their children, with all their
workloads ready, and with a status that says Ready."""


@dataclass(slots=True)
class Seen:
    """Counts that are kept up with every event."""

    units: set[str] = field(default_factory=set)
    ready: set[str] = field(default_factory=set)
    children: dict[str, dict[str, tuple[str, int]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """Plural -> name -> custom resource and generation (0 where the kind has none)."""

    kinds_of: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Custom resource -> plural -> number of children."""

    complete: set[str] = field(default_factory=set)
    """Custom resources that have a child of every kind."""

    workloads: dict[str, dict[str, bool]] = field(default_factory=lambda: defaultdict(dict))
    """Custom resource -> name of a workload -> whether all its pods are ready."""

    served: set[str] = field(default_factory=set)
    """Custom resources whose workloads are all ready."""

    @property
    def children_count(self) -> int:
        return sum(map(len, self.children.values()))


class Observer:
    """Watches of a namespace; `until` waits for a state."""

    def __init__(self, client: Client, subject: Subject, namespace: str) -> None:
        self._client = client
        self._subject = subject
        self._namespace = namespace
        self._tasks: list[asyncio.Task[None]] = []
        self._event = asyncio.Event()
        self._changed: Callable[[str, str], None] | None = None
        self.seen = Seen()
        self.points: list[Point] = []

    def open(self) -> None:
        self._tasks = [
            asyncio.create_task(self._watch(self._subject.resource, self._unit, False)),
            *(
                asyncio.create_task(
                    self._watch(kind, self._child(kind.plural), kind.plural not in WORKLOADS)
                )
                for kind in self._subject.children
            ),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, holds: Callable[[Seen], bool], seconds: float, description: str) -> float:
        """Wait until `holds`; return the time in seconds of the epoch."""
        try:
            async with asyncio.timeout(seconds):
                while not holds(self.seen):
                    self._check()
                    self._event.clear()
                    await self._event.wait()
        except TimeoutError:
            seen = self.seen
            raise TimeoutError(
                f"not {description} after {seconds:.0f} s: {len(seen.units)} custom resources,"
                f" {len(seen.complete)} with all children, {len(seen.served)} with ready"
                f" workloads, {len(seen.ready)} ready,"
                f" {seen.children_count} children"
            ) from None
        return time.time()

    def _check(self) -> None:
        for task in self._tasks:
            if task.done():
                raise RuntimeError(f"a watch of the benchmark ended: {task.exception()!r}")

    async def changes(self, unit: str, plurals: tuple[str, ...], seconds: float) -> float:
        """Wait until a child of each kind is new or has a new generation; return the time."""
        missing = set(plurals)
        done = asyncio.Event()

        def changed(plural: str, owner: str) -> None:
            if owner == unit:
                missing.discard(plural)
                if not missing:
                    done.set()

        self._changed = changed
        try:
            await asyncio.wait_for(done.wait(), seconds)
        finally:
            self._changed = None
        return time.time()

    async def _watch(
        self, kind: Kind, take: Callable[[str, Mapping[str, Any]], None], metadata_only: bool
    ) -> None:
        path = kind.path(self._namespace)
        try:
            async for event, body in self._client.watch(path, metadata_only=metadata_only):
                take(event, body)
                seen = self.seen
                counts = (len(seen.complete), len(seen.served), len(seen.ready))
                if not self.points or self.points[-1][1:] != counts:
                    self.points.append((time.time(), *counts))
                self._event.set()
        finally:
            # Wake `until`, so that it sees the end.
            self._event.set()

    def _unit(self, event: str, body: Mapping[str, Any]) -> None:
        name = body["metadata"]["name"]
        seen = self.seen
        if event == "DELETED":
            seen.units.discard(name)
            seen.ready.discard(name)
            return
        seen.units.add(name)
        (seen.ready.add if self._is_ready(body) else seen.ready.discard)(name)

    def _is_ready(self, body: Mapping[str, Any]) -> bool:
        status = body.get("status") or {}
        generation = body["metadata"].get("generation", 0)
        return status.get("observedGeneration", generation) >= generation and any(
            c["type"] == self._subject.ready_condition and c["status"] == "True"
            for c in status.get("conditions") or ()
        )

    def _child(self, plural: str) -> Callable[[str, Mapping[str, Any]], None]:
        def take(event: str, body: Mapping[str, Any]) -> None:
            meta = body["metadata"]
            names = self.seen.children[plural]
            if event == "DELETED":
                gone = names.pop(meta["name"], None)
                if gone is not None:
                    self._count(plural, gone[0], -1)
                    self._serve(gone[0], meta["name"], None)
                return
            owner = self._owner(meta)
            if owner is None:
                return
            if plural in WORKLOADS:
                self._serve(owner, meta["name"], is_served(body))
            before = names.get(meta["name"])
            names[meta["name"]] = now = (owner, meta.get("generation", 0))
            if before is None:
                self._count(plural, owner, 1)
            if before != now and self._changed is not None:
                self._changed(plural, owner)

        return take

    def _count(self, plural: str, owner: str, change: int) -> None:
        counts = self.seen.kinds_of[owner]
        counts[plural] += change
        whole = sum(count > 0 for count in counts.values()) == len(self._subject.children)
        (self.seen.complete.add if whole else self.seen.complete.discard)(owner)

    def _serve(self, owner: str, name: str, served: bool | None) -> None:
        """Note whether a workload is ready; None: it is gone."""
        workloads = self.seen.workloads[owner]
        if served is None:
            workloads.pop(name, None)
        else:
            workloads[name] = served
        whole = bool(workloads) and all(workloads.values())
        (self.seen.served.add if whole else self.seen.served.discard)(owner)

    def _owner(self, meta: Mapping[str, Any]) -> str | None:
        label = self._subject.owner_label
        if label:
            owner: str | None = (meta.get("labels") or {}).get(label)
            return owner
        kind = self._subject.resource.kind
        owners = (o["name"] for o in meta.get("ownerReferences") or () if o["kind"] == kind)
        return next(owners, None)


def is_served(body: Mapping[str, Any]) -> bool:
    """Return whether a workload's controller has seen its spec, and all its pods are ready."""
    status = body.get("status") or {}
    replicas = body["spec"].get("replicas", 1)
    is_seen = status.get("observedGeneration", 0) >= body["metadata"].get("generation", 0)
    return bool(is_seen and status.get("readyReplicas", 0) >= replicas)
