"""Reflector of one kind: lists it once, then follows it with a watch.

The name is client-go's. Kopf creates a task, a queue and a timer for each watched object. Our
thousands of children need only their last state (ADR 0015).
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping
from time import monotonic
from typing import Any, Protocol

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.loop_yielder import LoopYielder
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.back_off import back_off
from inference_operator.domain.body import MutableBody, NamespacedName
from inference_operator.observation.kinds import OPTIONAL, selector_of

log = logging.getLogger(__name__)


# The connection was cut, or the API server is busy: the watch continues at the same version.
_GOES_ON = (0, 429, 503)
# It may not be listed, or the API server has no such kind.
_WITHOUT = (403, 404)
# An API server that has just started may refuse a request that it allows a moment later.
PATIENCE = 3
FIRST_DELAY = 0.2
LONGEST_DELAY = 30.0
# A watch lasts for minutes. One that ends sooner is not opened again at once, as in client-go.
SHORTEST_WATCH = 1.0


class ListWatcher(Protocol):
    """The requests that a reflector sends; see `KubeCluster`."""

    def spaces(self, resource: ApiResource) -> tuple[str, ...]: ...

    def pages(
        self, resource: ApiResource, space: str, selector: str
    ) -> AsyncIterator[MutableBody]: ...

    def watch(
        self, resource: ApiResource, space: str, selector: str, version: str
    ) -> AsyncIterator[tuple[str, MutableBody]]: ...


class EventHandler(Protocol):
    """The receiver of a reflector's events."""

    def on_initial_list(self, resource: ApiResource, body: Mapping[str, Any]) -> None:
        """Handle an object of the first listing."""

    def on_event(self, resource: ApiResource, change: str, body: Mapping[str, Any]) -> None:
        """Handle an event; `change` is ADDED, MODIFIED or DELETED."""

    def on_relist(
        self, resource: ApiResource, namespace: str, seen: set[NamespacedName], version: int
    ) -> None:
        """Handle a later listing of a namespace (empty: of all) at `version`: it has only these."""

    def refused(self, resource: ApiResource) -> None:
        """Handle a refused listing of an optional kind (403; 404 without its CRD): its objects are
        unknown."""

    def granted(self, resource: ApiResource) -> None:
        """Handle the end of a refusal: all objects of the kind have been reported."""

    def needs(self, resource: ApiResource) -> bool:
        """Return whether a refused kind is worth another request now."""


class Reflector:
    """Reflector of one kind; `listed` is set when its first listing is complete, or an optional
    kind was refused."""

    def __init__(
        self,
        source: ListWatcher,
        resource: ApiResource,
        sink: EventHandler,
        limit: asyncio.Semaphore,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Create a reflector. `limit` limits concurrent listings, which would fill the memory."""
        self._source = source
        self._resource = resource
        self._sink = sink
        self._limit = limit
        self._draw = draw
        self._required = resource.kind not in OPTIONAL
        self._refused: set[str] = set()
        self._unlisted = set(source.spaces(resource))
        self._begun: set[str] = set()
        # Space -> its last version; empty: it must be listed.
        self._versions: dict[str, str] = {}
        self._failures: dict[str, int] = {}
        self.listed = asyncio.Event()

    async def run(self) -> None:
        """List and watch until cancelled, through all failures of the API server."""
        spaces = self._source.spaces(self._resource)
        async with asyncio.TaskGroup() as group:
            for space in spaces:
                group.create_task(self._keep(space))

    async def _keep(self, space: str) -> None:
        while True:
            if space in self._refused and not self._sink.needs(self._resource):
                await asyncio.sleep(LONGEST_DELAY)
            else:
                await self._list_and_follow(space)

    async def _list_and_follow(self, space: str) -> None:
        """List if need be, and watch until the watch ends or fails."""
        try:
            if not self._versions.get(space):
                self._versions[space] = await self._list(space)
            began = monotonic()
            await self._follow(space)
            if monotonic() - began < SHORTEST_WATCH:
                await self._pause(space)
        except ApiError as error:
            # Compacted away (410), or refused for another reason: events may be missing.
            is_refused = error.status in _WITHOUT and not self._versions.get(space)
            if error.status not in _GOES_ON:
                self._versions[space] = ""
            is_lasting = self._failures.get(space, 0) + 1 >= PATIENCE
            if is_refused and not self._required and is_lasting:
                self._go_without(space, error)
            elif error.status != 410:
                plural = self._resource.plural
                log.log(self._level, "cannot watch %s, will be tried again: %s", plural, error)
            await self._pause(space)

    @property
    def _level(self) -> int:
        """Level of a log about a failure: a warning, unless nobody needs the kind."""
        is_needed = self._required or self._sink.needs(self._resource)
        return logging.WARNING if is_needed else logging.INFO

    async def _pause(self, space: str) -> None:
        """Count one more failure in a row, and wait longer after each."""
        self._failures[space] = failures = self._failures.get(space, 0) + 1
        await asyncio.sleep(back_off(failures, FIRST_DELAY, LONGEST_DELAY, self._draw()))

    def _go_without(self, space: str, error: ApiError) -> None:
        """Let the operator work without this kind. Only the first refusal is logged."""
        if space not in self._refused:
            log.log(
                self._level,
                "cannot list %s, so continues without; will be tried again: %s",
                self._resource.plural,
                error,
            )
            self._refused.add(space)
            self._sink.refused(self._resource)
        self.listed.set()

    async def _list(self, space: str) -> str:
        """List all objects, and return the version from which to watch."""
        seen: set[NamespacedName] = set()
        version = "0"
        is_first = space in self._unlisted
        # An interrupted first listing may have shown objects that are gone by now.
        is_whole = is_first and space not in self._begun
        async with self._limit:
            selector, yielder = selector_of(self._resource), LoopYielder()
            async for page in self._source.pages(self._resource, space, selector):
                version = page["metadata"]["resourceVersion"]
                self._begun.add(space)
                for body in page["items"] or ():
                    meta = body["metadata"]
                    seen.add((meta.get("namespace", ""), meta["name"]))
                    # The items of a list do not have a `kind`.
                    body.setdefault("kind", self._resource.kind)
                    body.setdefault("apiVersion", self._resource.api_version)
                    if is_first:
                        self._sink.on_initial_list(self._resource, body)
                    else:
                        self._sink.on_event(self._resource, "MODIFIED", body)
                    await yielder.yield_if_due()
                # Let other tasks run.
                await asyncio.sleep(0)
        if not is_whole:
            self._sink.on_relist(self._resource, space, seen, int(version))
        self._unlisted.discard(space)
        if not self._unlisted:
            self.listed.set()
        if space in self._refused:
            self._refused.discard(space)
            log.info("can list %s again", self._resource.plural)
            self._sink.granted(self._resource)
        return version

    async def _follow(self, space: str) -> None:
        """Report events until the API server ends the watch."""
        selector, version = selector_of(self._resource), self._versions[space]
        yielder = LoopYielder()
        async for change, body in self._source.watch(self._resource, space, selector, version):
            if change == "ERROR":
                raise ApiError(
                    int(body.get("code") or 500), body.get("reason", ""), body.get("message", "")
                )
            self._failures[space] = 0
            self._versions[space] = body["metadata"]["resourceVersion"]
            if change != "BOOKMARK":
                self._sink.on_event(self._resource, change, body)
            # Many events may arrive in one chunk.
            await yielder.yield_if_due()
