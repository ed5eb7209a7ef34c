"""The running operator's cache, who keeps it, and the workers that make passes over it."""

import asyncio
import gc
import logging
from datetime import UTC, datetime

from inference_operator.adapters.kubernetes.client import ApiError, KubeCluster
from inference_operator.adapters.kubernetes.reflector import Reflector
from inference_operator.adapters.kubernetes.resync import Resync
from inference_operator.adapters.kubernetes.unreadable import UnreadableObjects
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.names import UnitKey
from inference_operator.observation.kinds import CHILDREN, NODE
from inference_operator.observation.store import Cache
from inference_operator.reconcile.event_router import EventRouter
from inference_operator.reconcile.reconciler import Dependencies, PassError, Reconciler
from inference_operator.reconcile.rollout_slots import RolloutSlots
from inference_operator.reconcile.work_queue import WorkQueue, work
from inference_operator.runtime.registry_watch import RegistryWatch
from inference_operator.settings import Settings
from inference_operator.validation.defaults import Defaults

log = logging.getLogger(__name__)

# Kinds that are listed at the same time: their pages are in memory at once.
LISTINGS = 2
TAKE_OVER_SECONDS = 0.5


class Controller:
    """The cache and those who keep it, the queue and its workers."""

    def __init__(self, settings: Settings, cluster: KubeCluster, telemetry: Telemetry) -> None:
        self.queue = WorkQueue()
        self.listed = asyncio.Event()
        self._unreadable = UnreadableObjects(cluster, telemetry, lambda: datetime.now(UTC))
        cache = self._cache = Cache(self._wake, self._unreadable)
        self._is_working = False
        self.resync = Resync(cluster, cache, self._wake)
        self.watcher = EventRouter(cache, self._wake, self.resync.ask)
        listings = asyncio.Semaphore(LISTINGS)
        self._reflectors = [
            Reflector(cluster, resource, self.watcher, listings) for resource in (*CHILDREN, NODE)
        ]
        self._count = settings.workers
        self._telemetry = telemetry
        self._registry = RegistryWatch(settings, cluster, cache, self.queue.wake)
        grounds = Dependencies(
            defaults=_defaults(settings),
            clock=lambda: datetime.now(UTC),
            resolve=self._registry.resolve,
            turns=RolloutSlots(settings.staged_units, cache.rolling, self.queue.wake),
        )
        self._passes = Reconciler(cluster, cache, telemetry, grounds)
        telemetry.queue_depth.set_function(lambda: len(self.queue))

    def start(self, leading: asyncio.Event) -> list[asyncio.Task[None]]:
        """The reflectors, and the workers: these begin once every child is known and this process
        leads, with what was queued until then."""
        return [
            *(asyncio.create_task(reflector.run()) for reflector in self._reflectors),
            asyncio.create_task(self._list()),
            asyncio.create_task(self._registry.run(leading)),
            asyncio.create_task(self._unreadable.run(leading)),
            *(asyncio.create_task(self._work(leading)) for _ in range(self._count)),
        ]

    def _wake(self, key: UnitKey, *, urgent: bool = False) -> None:
        """Of a unit that is not there nothing is left to do, unless passes were made over it: who
        follows for months keeps no key of each that ever was, or that labels name."""
        if self._is_working or self._cache.is_known(key):
            self.queue.wake(key, urgent=urgent)
        else:
            self.queue.forget(key)

    async def _list(self) -> None:
        for reflector in self._reflectors:
            await reflector.listed.wait()
        # What was listed stays: searching it for garbage, again and again, costs a tenth of a
        # second with a thousand models.
        gc.collect()
        gc.freeze()
        self.listed.set()

    async def _work(self, leading: asyncio.Event) -> None:
        await self.listed.wait()
        if not leading.is_set():
            await leading.wait()
            # What the leader before wrote last is still on its way to the cache.
            await asyncio.sleep(TAKE_OVER_SECONDS)
        self._is_working = True
        await work(self.queue, self._passes, self._failed)

    def _failed(self, key: UnitKey, error: Exception) -> None:
        reason = getattr(error, "reason", "") or type(error).__name__
        self._telemetry.errors.labels(reason).inc()
        is_known = isinstance(error, ApiError | PassError)
        log.warning(
            "pass failed, will be tried again: %s",
            error,
            extra={"unit": str(key)},
            exc_info=None if is_known else error,
        )


def _defaults(settings: Settings) -> Defaults:
    return Defaults(
        settings.triton_image,
        settings.loader_image,
        settings.artifact_cache_url or None,
        settings.staged_units,
        settings.allowed,
    )
