"""The running operator: Kopf's watches, the workers, the HTTP port, and their end."""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import kopf
from kubernetes.aio.client import Configuration

from inference_operator.adapters.cache import Cache
from inference_operator.adapters.http_server import serve
from inference_operator.adapters.kinds import CHILDREN, INFERENCE_MODEL, NODE
from inference_operator.adapters.kube import ApiError, KubeCluster
from inference_operator.adapters.resync import Resync
from inference_operator.adapters.telemetry import Telemetry
from inference_operator.domain.names import FIELD_MANAGER, UnitKey
from inference_operator.domain.validation import Defaults
from inference_operator.handlers.passes import PassError, Passes
from inference_operator.handlers.registry import Watcher, configure, register
from inference_operator.handlers.work_queue import WorkQueue, work
from inference_operator.settings import Settings

log = logging.getLogger(__name__)

# The event loop counts as stuck when its heartbeat is older than this.
HEARTBEAT_SECONDS = 5.0
STUCK_SECONDS = 60.0
# Passes in flight get this long to end after SIGTERM.
GRACE_SECONDS = 10.0


@dataclass
class Life:
    """What the probes look at."""

    listed: bool = False
    beat: float = 0.0

    @property
    def healthy(self) -> bool:
        return time.monotonic() - self.beat < STUCK_SECONDS


async def run(settings: Settings, configuration: Configuration, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; then let the passes in flight end."""
    telemetry = Telemetry()
    cluster = KubeCluster(configuration, telemetry, settings.api_timeout_seconds)
    life = Life(beat=time.monotonic())
    queue = WorkQueue()
    telemetry.queue_depth.set_function(lambda: len(queue))
    cache = Cache()
    resync = Resync(cluster, cache, queue.wake)
    passes = Passes(
        cluster,
        cache,
        Defaults(settings.triton_image, settings.loader_image),
        telemetry,
        lambda: datetime.now(UTC),
    )

    def failed(key: UnitKey, error: Exception) -> None:
        telemetry.errors.labels(type(error).__name__).inc()
        is_known = isinstance(error, ApiError | PassError)
        log.warning(
            "pass failed, will be tried again: %s",
            error,
            extra={"unit": str(key)},
            exc_info=None if is_known else error,
        )

    server = await serve(settings.port, telemetry, lambda: life.listed, lambda: life.healthy)
    tasks = [
        asyncio.create_task(_beat(life)),
        asyncio.create_task(
            resync.run((INFERENCE_MODEL, *CHILDREN, NODE), settings.resync_seconds)
        ),
        *(asyncio.create_task(work(queue, passes, failed)) for _ in range(settings.workers)),
    ]
    try:
        watcher = Watcher(cache, queue.wake, resync.ask)
        if not await _any_unit(cluster, stop):
            watcher.listed_all.set()
        registry = kopf.OperatorRegistry()
        register(registry, watcher, configuration)
        await _watch(settings, registry, watcher, life, stop)
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(queue.drained(), GRACE_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.cleanup()
        await cluster.close()


async def _watch(
    settings: Settings,
    registry: kopf.OperatorRegistry,
    watcher: Watcher,
    life: Life,
    stop: asyncio.Event,
) -> None:
    kopf_settings = kopf.OperatorSettings()
    configure(kopf_settings)
    started = asyncio.Event()

    async def listed() -> None:
        await started.wait()
        await watcher.listed_all.wait()
        life.listed = True
        log.info("all kinds are listed; serving")

    marker = asyncio.create_task(listed())
    try:
        await kopf.operator(
            registry=registry,
            settings=kopf_settings,
            clusterwide=not settings.served_namespaces,
            namespaces=settings.served_namespaces,
            standalone=True,
            # Only peering would use it; left out, Kopf asks for the account's name, and a pod's
            # user has none.
            identity=FIELD_MANAGER,  # type: ignore[arg-type]
            stop_flag=stop,
            ready_flag=started,
        )
    finally:
        life.listed = False
        marker.cancel()


async def _any_unit(cluster: KubeCluster, stop: asyncio.Event) -> bool:
    """Whether there is a custom resource; waits until the API server knows the kind."""
    while not stop.is_set():
        try:
            return await cluster.any(INFERENCE_MODEL)
        except ApiError as error:
            log.warning(
                "cannot list %s: %s; are crds/ installed, and may this account list them?",
                INFERENCE_MODEL.plural,
                error,
            )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 2.0)
    return False


async def _beat(life: Life) -> None:
    while True:
        life.beat = time.monotonic()
        await asyncio.sleep(HEARTBEAT_SECONDS)
