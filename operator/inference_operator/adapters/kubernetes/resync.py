"""Finds objects that were deleted while no watch was open.

Kopf lists anew when a watch is too old to continue, but never says what is no longer there. After
such a listing, and once in a long while, the keys of a kind are compared with the API server's.
"""

import asyncio
import logging
from collections.abc import Callable

from inference_operator.adapters.kubernetes.client import ApiError, Cluster
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.names import UnitKey
from inference_operator.observation.kinds import selector_of
from inference_operator.observation.store import Cache

log = logging.getLogger(__name__)

SETTLE_SECONDS = 1.0


class Resync:
    """Drops from the cache what no longer exists, and wakes the units concerned."""

    def __init__(self, cluster: Cluster, cache: Cache, wake: Callable[[UnitKey], None]) -> None:
        self._cluster = cluster
        self._cache = cache
        self._wake = wake
        self._wanted: set[ApiResource] = set()
        self._asked = asyncio.Event()

    def ask(self, resource: ApiResource) -> None:
        """A kind was listed anew."""
        self._wanted.add(resource)
        self._asked.set()

    async def run(self, resources: tuple[ApiResource, ...], period: float) -> None:
        """For ever: what was asked for soon, everything once a period."""
        while True:
            try:
                async with asyncio.timeout(period):
                    await self._asked.wait()
                await asyncio.sleep(SETTLE_SECONDS)
            except TimeoutError:
                self._wanted.update(resources)
            self._asked.clear()
            # What fails is asked for again, and waits its turn: no loop while nobody answers.
            asked, self._wanted = self._wanted, set()
            for resource in asked:
                await self._compare(resource)

    async def _compare(self, resource: ApiResource) -> None:
        before = self._cache.names(resource.kind)
        try:
            live = await self._cluster.keys(resource, selector_of(resource))
        except ApiError as error:
            log.warning("cannot compare %s with the cache: %s", resource.plural, error)
            self.ask(resource)
            return
        for name, uid in before.items():
            if live.get(name) != uid:
                self._lost(resource, name, uid)

    def _lost(self, resource: ApiResource, name: tuple[str, str], uid: str) -> None:
        body = self._cache.get(resource.kind, name)
        if body is None or body["metadata"]["uid"] != uid:
            return
        log.warning("%s %s/%s was deleted unseen", resource.kind, *name)
        unit = self._cache.unit_of(resource.kind, body)
        self._cache.drop(resource.kind, body)
        if unit is not None:
            self._wake(unit)
