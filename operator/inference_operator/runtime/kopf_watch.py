"""Kopf's watches of the custom resources; reflectors watch all other kinds (ADR 0015)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import kopf
from kubernetes.aio.client import Configuration

from inference_operator.adapters.kubernetes.loop_yielder import LoopYielder
from inference_operator.adapters.kubernetes.watch_response import response_class
from inference_operator.domain.api_resource import ApiResource
from inference_operator.observation.kinds import UNITS
from inference_operator.reconcile.event_router import EventRouter
from inference_operator.runtime.kopf_storage import NoDiffBase, NoProgress

# Service account tokens are renewed on disk hourly: read them again well before.
LOGIN_AGAIN = timedelta(minutes=5)
# Objects of a list's page.
CHUNK = 250
# A failed Kopf ends within 7 s, or waits for a login that never comes (ADR 0020). The passes in
# flight get 10 s more, so that the Lease is given back.
FAILED_SECONDS = 20.0


def register(
    registry: kopf.OperatorRegistry,
    router: EventRouter,
    configuration: Configuration,
    settings: kopf.OperatorSettings,
) -> None:
    """Watch the custom resources."""

    @kopf.on.login(registry=registry, id="login")
    async def login(**_: Any) -> kopf.AiohttpSession:
        return session(await connection(configuration), settings)

    gate = OneByOne()
    for unit in UNITS:
        _watch(registry, router, unit, gate)


class OneByOne:
    """Gate that lets one event through at a time, and other tasks in between: Kopf passes all
    objects of a page to handlers at once, which would hold the event loop."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._yielder = LoopYielder()

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for earlier events, and let other tasks run if it is time."""
        async with self._lock:
            await self._yielder.yield_if_due()
            yield


def _watch(
    registry: kopf.OperatorRegistry, router: EventRouter, unit: ApiResource, gate: OneByOne
) -> None:
    group, _, version = unit.api_version.rpartition("/")

    # A coroutine: Kopf runs plain functions in threads, and the store and the queue's asyncio
    # events are not thread-safe.
    @kopf.on.event(group, version, unit.plural, registry=registry, id=f"wake-{unit.plural}")
    async def wake(event: kopf.RawEvent, **_: Any) -> None:
        async with gate.turn():
            router.on_custom_resource(unit, event["type"], event["object"])


async def connection(configuration: Configuration) -> kopf.ConnectionInfo:
    """Return the server and the credentials of our writes, for Kopf's watches."""
    auth = (await configuration.auth_settings()).get("BearerToken", {})
    scheme, _, token = (auth.get("value") or "").rpartition(" ")
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        scheme=scheme.capitalize() or None,
        token=token or None,
        expiration=datetime.now(UTC) + LOGIN_AGAIN if token else None,
    )


def session(info: kopf.ConnectionInfo, settings: kopf.OperatorSettings) -> kopf.AiohttpSession:
    """Return a session with bounded answers, created as Kopf creates its own. In Kopf's own one, an
    object that is nested too deep ends the operator (ADR 0019)."""

    def shrink() -> None:
        settings.watching.chunk_size = max(1, (settings.watching.chunk_size or CHUNK) // 2)

    return kopf.AiohttpSession(
        aiohttp_session=aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=info.as_ssl_context()),
            headers=info.as_http_headers(),
            response_class=response_class(shrink),
        ),
        server=info.server,
        expiration=info.expiration,
    )


def configure(settings: kopf.OperatorSettings) -> None:
    """Switch off Kopf's Events, annotations and finalizer; list in pages; end idle tasks soon."""
    settings.watching.chunk_size = CHUNK
    settings.queueing.idle_timeout = 0.5
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    # No object has this one. Kopf would try for 54 s to remove its own, and hold back later edits.
    settings.persistence.finalizer = ""
    settings.posting.enabled = False
    settings.queueing.exit_timeout = 0.5
    settings.peering.standalone = True
    settings.networking.request_timeout = 30
    # Kopf then kills the process. Until then, the operator looks healthy and sees no edit.
    settings.process.ultimate_exiting_timeout = FAILED_SECONDS
    # Kopf would watch CRDs and namespaces only to discover new kinds: ours are known.
    settings.scanning.disabled = True
