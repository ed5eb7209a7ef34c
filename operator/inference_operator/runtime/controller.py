"""Controller: composes the store, the reflectors, the queue and the workers."""

import asyncio
import gc
import logging

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.client import KubeCluster
from inference_operator.adapters.kubernetes.reflector import Reflector
from inference_operator.adapters.kubernetes.resync import Resync
from inference_operator.adapters.kubernetes.unreadable import UnreadableObjects
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.names import UnitKey
from inference_operator.observation.kinds import CHILDREN, OF_THE_CLUSTER
from inference_operator.observation.store import Store
from inference_operator.reconcile.event_router import EventRouter
from inference_operator.reconcile.reconciler import Dependencies, PassError, Reconciler
from inference_operator.reconcile.rollout_slots import RolloutSlots
from inference_operator.reconcile.work_queue import WorkQueue, work
from inference_operator.runtime.metrics_watch import MetricsWatch
from inference_operator.runtime.registry_watch import RegistryWatch
from inference_operator.runtime.steady_clock import SteadyClock
from inference_operator.settings import Settings, defaults_of

log = logging.getLogger(__name__)

# Kinds that are listed at the same time: their pages are in memory at once.
LISTINGS = 2
TAKE_OVER_SECONDS = 0.5


class Controller:
    """The store, the tasks that update it, and the queue with its workers."""

    def __init__(self, settings: Settings, cluster: KubeCluster, telemetry: Telemetry) -> None:
        self.queue = WorkQueue()
        self.listed = asyncio.Event()
        # One clock for all: times that one part writes into a status, another compares.
        clock = SteadyClock()
        self._unreadable = UnreadableObjects(cluster, telemetry, clock)
        store = self._store = Store(self._wake, self._unreadable)
        self._is_working = False
        self.resync = Resync(cluster, store, self._wake)
        self.router = EventRouter(store, self._wake, self.resync.ask)
        listings = asyncio.Semaphore(LISTINGS)
        self._reflectors = [
            Reflector(cluster, resource, self.router, listings)
            for resource in (*CHILDREN, *OF_THE_CLUSTER)
        ]
        self._count = settings.workers
        self._telemetry = telemetry
        self._registry = RegistryWatch(settings, cluster, store, self.queue.wake, clock)
        self._metrics = MetricsWatch(settings, self.queue.wake, telemetry)
        dependencies = Dependencies(
            defaults=defaults_of(settings),
            clock=clock,
            resolve=self._registry.resolve,
            refresh=self._registry.refresh,
            slots=RolloutSlots(settings.staged_units, store.rolling, self.queue.wake),
            metrics=self._metrics.sweeper,
        )
        self._reconciler = Reconciler(cluster, store, telemetry, dependencies)
        telemetry.queue_depth.set_function(lambda: len(self.queue))

    def start(self, leading: asyncio.Event) -> list[asyncio.Task[None]]:
        """Start the reflectors and the workers, which begin once all children are listed and this
        process leads."""
        return [
            *(asyncio.create_task(reflector.run()) for reflector in self._reflectors),
            asyncio.create_task(self._list()),
            asyncio.create_task(self._registry.run(leading)),
            asyncio.create_task(self._metrics.run(leading)),
            asyncio.create_task(self._unreadable.run(leading)),
            *(asyncio.create_task(self._work(leading)) for _ in range(self._count)),
        ]

    def _wake(self, key: UnitKey, *, urgent: bool = False) -> None:
        """Queue a unit. A follower forgets keys of units that do not exist: in months, deleted
        units and forged labels would add up."""
        if self._is_working or self._store.is_known(key):
            self.queue.wake(key, urgent=urgent)
        else:
            self.queue.forget(key)

    async def _list(self) -> None:
        for reflector in self._reflectors:
            await reflector.listed.wait()
        # Listed objects stay: each garbage collection of them would take a tenth of a second with
        # a thousand models.
        gc.collect()
        gc.freeze()
        self.listed.set()

    async def _work(self, leading: asyncio.Event) -> None:
        await self.listed.wait()
        if not leading.is_set():
            await leading.wait()
            # The previous leader's last writes are still on their way to the store.
            await asyncio.sleep(TAKE_OVER_SECONDS)
        self._is_working = True
        await work(self.queue, self._reconciler, self._failed)

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
