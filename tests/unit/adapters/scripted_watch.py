"""An API server that plays lists and watches, and what a reflector makes of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.reflector import Reflector
from inference_operator.domain.api_resource import ApiResource
from inference_operator.observation.kinds import CHILD_BY_KIND

POD = CHILD_BY_KIND["Pod"]
Event = tuple[str, dict[str, Any]]


def pod(name: str, version: int, namespace: str = "desk-7") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, "resourceVersion": str(version)},
    }


def page(version: int, *items: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": str(version)}, "items": list(items)}


class Script:
    """An API server that plays what is given, then keeps its watches open and silent."""

    def __init__(self, *spaces: str) -> None:
        self.names = spaces or ("",)
        self.lists: list[list[dict[str, Any] | ApiError] | ApiError] = []
        self.watches: list[list[Event | ApiError]] = []
        self.asked: list[str] = []

    def spaces(self, resource: ApiResource) -> tuple[str, ...]:
        return self.names

    async def pages(
        self, resource: ApiResource, space: str, selector: str
    ) -> AsyncIterator[dict[str, Any]]:
        self.asked.append(f"list {space}".strip())
        planned = self.lists.pop(0)
        if isinstance(planned, ApiError):
            raise planned
        for each in planned:
            if isinstance(each, ApiError):
                raise each
            yield each

    async def watch(
        self, resource: ApiResource, space: str, selector: str, version: str
    ) -> AsyncIterator[Event]:
        self.asked.append(f"watch {space} from {version}".replace("  ", " "))
        for event in self.watches.pop(0) if self.watches else [await asyncio.Future()]:
            if isinstance(event, ApiError):
                raise event
            yield event


class Told:
    """What the sink was told, in order."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.is_needed = True

    def on_initial_list(self, resource: ApiResource, body: Mapping[str, Any]) -> None:
        assert body["kind"] == resource.kind
        self.words.append(f"listed {body['metadata']['name']}")

    def on_event(self, resource: ApiResource, change: str, body: Mapping[str, Any]) -> None:
        self.words.append(f"{change} {body['metadata']['name']}")

    def refused(self, resource: ApiResource) -> None:
        self.words.append(f"refused {resource.kind}")

    def granted(self, resource: ApiResource) -> None:
        self.words.append(f"granted {resource.kind}")

    def needs(self, resource: ApiResource) -> bool:
        return self.is_needed

    def on_relist(
        self, resource: ApiResource, namespace: str, seen: set[tuple[str, str]], version: int
    ) -> None:
        names = " ".join(sorted(name for _, name in seen))
        self.words.append(f"only {names} at {version} in {namespace or 'all'}")


async def play(
    script: Script, until: Callable[[], bool], draw: float = -1.0, resource: ApiResource = POD
) -> tuple[list[str], Reflector]:
    """Until the condition holds, and a little longer; without jitter where `draw` is 1."""
    recorder = Told()
    reflector = Reflector(script, resource, recorder, asyncio.Semaphore(1), draw=lambda: draw)
    task = asyncio.ensure_future(reflector.run())
    for _ in range(300):
        await asyncio.sleep(0)
        if until() and not script.watches and not script.lists:
            break
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return recorder.words, reflector


def asked(script: Script, count: int) -> Callable[[], bool]:
    return lambda: len(script.asked) >= count
