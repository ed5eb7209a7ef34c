"""The bare client: what this machine and its control plane need without any operator.

It creates the same custom resources and, of each one, the same children with their owner. It
decides nothing, waits for no watch, and writes neither statuses nor Events.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.controller import load
from benchmarks.controller.audit import AuditLog
from benchmarks.controller.burst import Burst
from benchmarks.controller.client import APPLY_PATCH, Client
from benchmarks.controller.environment import Place
from benchmarks.controller.load import UID, Request
from benchmarks.controller.machine import CpuMeter
from benchmarks.controller.observer import Observer
from benchmarks.controller.process import Running
from benchmarks.controller.subject import Kind, Subject
from benchmarks.controller.written_fields import written_by_operator

PATTERN = "model-pattern"
"""Name of the custom resource whose children are copied."""

VARIANTS = ("POST", "apply")
USER = "bare-client"
Child = tuple[Kind, Mapping[str, Any]]


async def children_of_one(place: Place, subject: Subject) -> list[Child]:
    """Let the operator make the children of 1 custom resource; return them as it wrote them.

    Raises:
        RuntimeError: if the custom resource is refused.
        TimeoutError: if there is no child of some kind after 30 s.
    """
    server = place.server
    running = Running(subject, server.kubeconfig_of("pattern"), server.folder / "pattern.log")
    async with Client(server.kubeconfig) as client:
        await running.start()
        try:
            path = subject.resource.path(place.namespace)
            body = subject.custom_resource(PATTERN, place.namespace)
            status, answer = await client.send("POST", path, body)
            if status != 201:
                raise RuntimeError(f"the pattern is refused: {answer.get('message')}")
            deadline = time.monotonic() + 30
            while len({kind for kind, _ in await _copied(client, place, subject)}) < len(
                subject.children
            ):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the pattern has too few children: {running.tail()}")
                await asyncio.sleep(0.1)
            await running.idle(30)
            return await _copied(client, place, subject)
        finally:
            await running.stop()


async def _copied(client: Client, place: Place, subject: Subject) -> list[Child]:
    children: list[Child] = []
    for kind in subject.children:
        _, listed = await client.send("GET", kind.path(place.namespace))
        type_ = {"apiVersion": kind.api_version, "kind": listed["kind"].removesuffix("List")}
        for item in listed["items"]:
            if PATTERN in item["metadata"]["name"]:
                children.append((kind, written_by_operator({**type_, **item})))
    return children


@dataclass(frozen=True, slots=True)
class BareClient:
    """The bare client: its subject, the children that it copies, and how it writes them."""

    subject: Subject
    children: list[Child]
    variant: str
    """`POST`, or `apply` for server-side apply of the children."""

    @property
    def name(self) -> str:
        return f"bare client, {self.variant}, as {self.subject.name}"

    async def measure(self, place: Place, n: int) -> dict[str, Any]:
        """Return the figures of a burst."""
        server = place.server
        kubeconfig = server.kubeconfig_of(USER)
        sequences = [self.requests(f"model-{number:05d}", place.namespace) for number in range(n)]
        audit, meter = AuditLog(server.audit_log, USER), CpuMeter()
        mark = audit.mark()
        async with Client(server.kubeconfig) as client:
            observer = Observer(client, self.subject, place.namespace)
            observer.open()
            try:
                burst = Burst(self.subject, observer, n, place.pods, writes_status=False)
                sent, _, figures = await burst.watch(load.send(kubeconfig, sequences))
            finally:
                await observer.close()
        if sent.failed:
            raise RuntimeError(f"the bare client's writes are refused: {sent.statuses}")
        requests = audit.since(mark)
        created = requests.writes[f"create {self.subject.resource.plural}"]
        return {
            **figures,
            "cpuMsPerObject": sent.cpu_seconds * 1e3 / n,
            "writesPerObject": (requests.writes.total() - created) / n,
            "readsPerObject": requests.reads.total() / n,
            "requests": requests.to_json(),
            "cpuSecondsOf": meter.read(),
            "sent": asdict(sent),
        }

    def requests(self, name: str, namespace: str) -> list[Request]:
        """Return the writes of one custom resource and its children."""
        own = self.subject.custom_resource(name, namespace)
        first = Request("POST", self.subject.resource.path(namespace), own)
        return [first, *(self._write(kind, body, name, namespace) for kind, body in self.children)]

    def _write(self, kind: Kind, pattern: Mapping[str, Any], name: str, namespace: str) -> Request:
        # Records of children name the namespace too.
        text = json.dumps(pattern).replace(pattern["metadata"]["namespace"], namespace)
        body: dict[str, Any] = json.loads(text.replace(PATTERN, name))
        for owner in body["metadata"].get("ownerReferences", ()):
            if owner["kind"] == self.subject.resource.kind:
                owner["uid"] = UID
        if self.variant == "POST":
            return Request("POST", kind.path(namespace), body)
        path = kind.path(namespace, body["metadata"]["name"])
        return Request("PATCH", f"{path}?fieldManager=benchmark&force=true", body, APPLY_PATCH)
