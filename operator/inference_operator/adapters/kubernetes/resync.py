"""Resync of objects that were deleted while no watch was open.

Kopf lists again when a watch is too old to continue, but never reports missing objects. After
such a listing, and once a period, the keys of a kind are compared with the API server's.
"""

import asyncio
import logging
from collections.abc import Callable

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.client import Cluster
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.names import UnitKey
from inference_operator.observation.kinds import selector_of
from inference_operator.observation.store import Store

log = logging.getLogger(__name__)

SETTLE_SECONDS = 1.0


class Resync:
    """Comparison of the store with the API server: drops missing objects and wakes their units."""

    def __init__(self, cluster: Cluster, store: Store, wake: Callable[[UnitKey], None]) -> None:
        self._cluster = cluster
        self._store = store
        self._wake = wake
        self._to_compare: set[ApiResource] = set()
        self._asked = asyncio.Event()

    def ask(self, resource: ApiResource) -> None:
        """Compare a kind soon: it was listed again."""
        self._to_compare.add(resource)
        self._asked.set()

    async def run(self, resources: tuple[ApiResource, ...], period: float) -> None:
        """Compare requested kinds soon, and all kinds once a period, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(period):
                    await self._asked.wait()
                await asyncio.sleep(SETTLE_SECONDS)
            except TimeoutError:
                self._to_compare.update(resources)
            self._asked.clear()
            # A failed kind is added again for the next round: no tight loop during an outage.
            resources_now, self._to_compare = self._to_compare, set()
            for resource in resources_now:
                await self._compare(resource)

    async def _compare(self, resource: ApiResource) -> None:
        before = self._store.names(resource.kind)
        try:
            live = await self._cluster.keys(resource, selector_of(resource))
        except ApiError as error:
            log.warning(
                "cannot compare the watched %s with a list of the API server: %s",
                resource.plural,
                error,
            )
            if not error.is_gone:
                self.ask(resource)
            return
        for name, uid in before.items():
            if live.get(name) != uid:
                self._lost(resource, name, uid)

    def _lost(self, resource: ApiResource, name: tuple[str, str], uid: str) -> None:
        body = self._store.get(resource.kind, name)
        if body is None or body["metadata"]["uid"] != uid:
            return
        log.warning("%s %s/%s was deleted unseen", resource.kind, *name)
        unit = self._store.unit_of(resource.kind, body)
        self._store.drop(resource.kind, body)
        if unit is not None:
            self._wake(unit)
