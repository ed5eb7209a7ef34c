"""Pods that become Ready without ever running: `python -m benchmarks.controller.ready_pods
KUBECONFIG NAMESPACE` watches a namespace and patches the status of each new pod once.

It stands for scheduler and kubelet. It reads metadata only, and several patches are in flight, so
that it needs less CPU than the API server needs for the patches. Pods stay without a node and
without an address: the endpoints of their Services stay empty, and a deleted pod is gone at once.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.controller.client import MERGE_PATCH, METADATA, Client

USER = "system:ready-pods"
"""Its user, whom the audit log leaves out."""

STARTED = "watching"
"""What it prints once it has started."""

_WORKERS = 8
_CONDITIONS = ("PodScheduled", "Initialized", "ContainersReady", "Ready")


def status(now: datetime) -> str:
    """Return the merge patch that declares a pod Ready."""
    since = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    conditions = [
        {"type": name, "status": "True", "lastTransitionTime": since} for name in _CONDITIONS
    ]
    return json.dumps({"status": {"phase": "Running", "conditions": conditions}})


async def run(kubeconfig: Path, namespace: str) -> None:
    """Make pods Ready until the process is ended."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    names: asyncio.Queue[str] = asyncio.Queue()
    async with Client(kubeconfig) as client, asyncio.TaskGroup() as tasks:
        print(STARTED, flush=True)
        for _ in range(_WORKERS):
            tasks.create_task(_patch_each(client, path, names))
        async for event, pod in client.watch(path, metadata_only=True):
            if event == "ADDED":
                names.put_nowait(pod["metadata"]["name"])


async def _patch_each(client: Client, path: str, names: asyncio.Queue[str]) -> None:
    headers = {"Content-Type": MERGE_PATCH, "Accept": METADATA}
    while True:
        name = await names.get()
        patch = status(datetime.now(UTC))
        code, answer = await client.send_text("PATCH", f"{path}/{name}/status", patch, headers)
        # A pod that is gone already needs nothing.
        if code not in (200, 404):
            raise RuntimeError(f"the status of pod {name} is refused: {answer.decode()}")


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2]))
