"""The running operator: Kopf's watches, the controller, the HTTP server, and the shutdown."""

import asyncio
import contextlib
import logging
import secrets
import signal
import time
from dataclasses import dataclass

import kopf
from kubernetes.aio.client import Configuration

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.client import KubeCluster
from inference_operator.adapters.kubernetes.lease import RENEW, Candidate, Lease
from inference_operator.adapters.web.listener import Listener
from inference_operator.adapters.web.server import serve
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.names import FIELD_MANAGER
from inference_operator.observation.kinds import UNITS
from inference_operator.reconcile.work_queue import WorkQueue
from inference_operator.runtime.controller import Controller
from inference_operator.runtime.kopf_watch import configure, register
from inference_operator.settings import Settings

log = logging.getLogger(__name__)

# The event loop counts as stuck when its heartbeat is older than this.
HEARTBEAT_SECONDS = 5.0
STUCK_SECONDS = 60.0
# Passes in flight get this long to end after SIGTERM.
GRACE_SECONDS = 10.0


@dataclass
class Health:
    """The state that the probes read."""

    listed: bool = False
    last_beat: float = 0.0

    @property
    def healthy(self) -> bool:
        return time.monotonic() - self.last_beat < STUCK_SECONDS


async def run(settings: Settings, configuration: Configuration) -> bool:
    """Serve until SIGTERM or SIGINT, then let the passes in flight end; return False when the lease
    was lost.

    A follower watches and stores as the leader does, so that it takes over at once.
    """
    stop = asyncio.Event()
    _install_signal_handlers(stop)
    telemetry = Telemetry()
    # The lease has its own client, which may always write.
    lease_cluster = KubeCluster(configuration, telemetry, RENEW)
    lease = Lease(lease_cluster, Candidate(settings.lease_namespace, _identity(settings)))
    elects = bool(settings.lease_namespace)
    cluster = KubeCluster(
        configuration,
        telemetry,
        settings.api_timeout_seconds,
        settings.served_namespaces,
        may_write=(lambda: lease.holds) if elects else (lambda: True),
    )
    telemetry.leading.set_function(lambda: float(lease.holds or not elects))
    if not elects:
        lease.taken.set()
    health = Health(last_beat=time.monotonic())
    controller = Controller(settings, cluster, telemetry)
    server = await serve(settings.port, telemetry, lambda: health.listed, lambda: health.healthy)
    # Our tasks start before Kopf: at its end Kopf cancels every younger task.
    tasks = [
        asyncio.create_task(_heartbeat(health)),
        asyncio.create_task(controller.resync.run(UNITS, settings.resync_seconds)),
        *controller.start(lease.taken),
        *([asyncio.create_task(_elect(lease, stop))] if elects else []),
    ]
    for task in tasks:
        task.add_done_callback(lambda done: _on_task_failure(done, stop))
    end = asyncio.create_task(_shutdown(stop, controller.queue, tasks, lease, server))
    try:
        if await _serves_units(cluster, stop):
            await _watch(settings, configuration, controller, health, stop)
    finally:
        stop.set()
        lost = await end
        await cluster.close()
        await lease_cluster.close()
    return not lost


def _on_task_failure(task: asyncio.Task[None], stop: asyncio.Event) -> None:
    """Stop the process if a background task fails, so that Kubernetes restarts it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a background task failed; stopping the operator", exc_info=error)
        stop.set()


async def _shutdown(
    stop: asyncio.Event,
    queue: WorkQueue,
    tasks: list[asyncio.Task[None]],
    lease: Lease,
    server: Listener,
) -> bool:
    """Wait for `stop`, let the passes in flight end, and give the lease back, while Kopf closes its
    watches. Return whether the lease was lost."""
    await stop.wait()
    lost = lease.lost
    if lease.taken.is_set() and not lost:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await queue.stop()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await lease.give_back()
    await server.cleanup()
    return lost


def _install_signal_handlers(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


def _identity(settings: Settings) -> str:
    # A restarted pod is another process: it must not believe that it still leads.
    return f"{settings.identity}_{secrets.token_hex(4)}"


async def _elect(lease: Lease, stop: asyncio.Event) -> None:
    # The end of the election ends the process: a process that cannot lead must not look healthy.
    try:
        await lease.keep()
    finally:
        stop.set()


async def _watch(
    settings: Settings,
    configuration: Configuration,
    controller: Controller,
    health: Health,
    stop: asyncio.Event,
) -> None:
    registry, kopf_settings = kopf.OperatorRegistry(), kopf.OperatorSettings()
    configure(kopf_settings)
    register(registry, controller.router, configuration, kopf_settings)
    started = asyncio.Event()

    async def listed() -> None:
        await started.wait()
        # Kopf has replaced them with its own handlers, which would end Kopf first.
        _install_signal_handlers(stop)
        await controller.listed.wait()
        health.listed = True
        log.info("all kinds are listed; serving")

    marker = asyncio.create_task(listed())
    try:
        await kopf.operator(
            registry=registry,
            settings=kopf_settings,
            clusterwide=not settings.served_namespaces,
            namespaces=settings.served_namespaces,
            standalone=True,
            # Only peering uses it. If it is unset, Kopf looks up the user's name, and a pod's user
            # has none.
            identity=FIELD_MANAGER,  # type: ignore[arg-type]
            stop_flag=stop,
            ready_flag=started,
        )
    finally:
        health.listed = False
        marker.cancel()


async def _serves_units(cluster: KubeCluster, stop: asyncio.Event) -> bool:
    """Wait until the API server serves all our custom resources; return False when stopped before.

    An upgrade without its CRDs stays unready, and the running operator continues.
    """
    while not stop.is_set():
        try:
            missing = [unit.plural for unit in UNITS if not await cluster.serves(unit)]
            if not missing:
                return True
            log.warning(
                "waiting: the API server does not know %s; apply the CRDs of this version (crds/)",
                " and ".join(missing),
            )
        except ApiError as error:
            log.warning("cannot ask which kinds there are: %s", error)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                await stop.wait()
    return False


async def _heartbeat(health: Health) -> None:
    while True:
        health.last_beat = time.monotonic()
        await asyncio.sleep(HEARTBEAT_SECONDS)
