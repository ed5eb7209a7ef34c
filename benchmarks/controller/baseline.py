"""The baseline: a bare client writes the same children, on the same machine and control plane.

No operator is as fast. Its cost is the cost of the control plane: it decides nothing, and writes
neither custom resources nor statuses.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.controller import load
from benchmarks.controller.client import Client
from benchmarks.controller.load import Request
from benchmarks.controller.machine import CpuMeter
from benchmarks.controller.operator_under_test import Kind, OperatorUnderTest
from benchmarks.controller.process import Running

PATTERN = "pattern"
"""Name of the custom resource whose children are copied."""

_SERVER_SIDE = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")


@dataclass(frozen=True, slots=True)
class Baseline:
    """A bare client, and the server that it writes to."""

    operator: OperatorUnderTest
    n: int
    namespace: str
    kubeconfig: Path
    client: Client
    running: Running
    pods: bool
    """Whether something makes pods, so that Deployments become ready."""

    async def measure(self) -> dict[str, Any]:
        """Return the seconds until all children exist, and until all Deployments are ready."""
        children = await self._pattern()
        requests = [
            self._create(child, f"floor-{number:05d}")
            for number in range(self.n)
            for child in children
        ]
        ready = asyncio.create_task(self._all_ready()) if self.pods else None
        meter = CpuMeter()
        sent = await load.send(self.kubeconfig, requests)
        if sent.failed:
            raise RuntimeError(f"the bare client's writes are refused: {sent.statuses}")
        figures: dict[str, Any] = {"childrenSeconds": sent.ended - sent.began}
        if ready is not None:
            figures["readySeconds"] = await ready - sent.began
        return {**figures, "children": len(children), "cpuSecondsOf": meter.read()}

    async def _pattern(self) -> list[tuple[Kind, dict[str, Any]]]:
        """Return the children that the operator makes of 1 custom resource; then stop it."""
        await self.running.start()
        path = self.operator.resource.path(self.namespace)
        body = self.operator.custom_resource(PATTERN, self.namespace)
        status, answer = await self.client.send("POST", path, body)
        if status != 201:
            raise RuntimeError(f"the pattern is refused: {answer.get('message')}")
        deadline = time.monotonic() + 30
        while len(children := await self._children()) < len(self.operator.children):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the pattern has only {len(children)} children after 30 s")
            await asyncio.sleep(0.1)
        await self.running.idle(30)
        children = await self._children()
        await self.running.stop()
        await self.client.send("DELETE", f"{path}/{PATTERN}")
        return children

    async def _children(self) -> list[tuple[Kind, dict[str, Any]]]:
        bodies = []
        for kind in self.operator.children:
            _, listed = await self.client.send("GET", kind.path(self.namespace))
            items = (item for item in listed["items"] if PATTERN in item["metadata"]["name"])
            bodies += [(kind, item) for item in items]
        return bodies

    def _create(self, child: tuple[Kind, Mapping[str, Any]], name: str) -> Request:
        kind, body = child
        return Request("POST", kind.path(self.namespace), _renamed(body, name))

    async def _all_ready(self) -> float:
        """Return when the last Deployment became ready, in seconds of the epoch."""
        path = Kind("apps/v1", "deployments").path(self.namespace)
        ready = set()
        async for _, body in self.client.watch(path, metadata_only=False):
            if PATTERN not in body["metadata"]["name"] and body["status"].get("readyReplicas"):
                ready.add(body["metadata"]["name"])
            if len(ready) >= self.n:
                break
        return time.time()


def _renamed(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(body).replace(PATTERN, name))
    meta = copied["metadata"]
    # Remove the owner: the garbage collector would ask for it, object by object.
    for field in (*_SERVER_SIDE, "ownerReferences"):
        meta.pop(field, None)
    copied.pop("status", None)
    for field in ("clusterIP", "clusterIPs"):
        copied.get("spec", {}).pop(field, None)
    return copied
