"""Kopf's part: the custom resources, which people write; reflectors keep all else (ADR 0015)."""

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
# A failed Kopf ends within 7 s, or waits for a login that never comes (ADR 0020).
FAILED_SECONDS = 10.0


def register(
    registry: kopf.OperatorRegistry,
    watcher: EventRouter,
    configuration: Configuration,
    settings: kopf.OperatorSettings,
) -> None:
    """Watch the custom resources."""

    @kopf.on.login(registry=registry, id="login")
    async def login(**_: Any) -> kopf.AiohttpSession:
        return session(await connection(configuration), settings)

    turns = OneByOne()
    for unit in UNITS:
        _watch(registry, watcher, unit, turns)


class OneByOne:
    """One event after the other, and others in between: Kopf gives all objects of a page to their
    handlers at once, which would hold the event loop for all of them."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._breather = LoopYielder()

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for those who came before, and let others run where it is time."""
        async with self._lock:
            await self._breather.yield_if_due()
            yield


def _watch(
    registry: kopf.OperatorRegistry, watcher: EventRouter, unit: ApiResource, turns: OneByOne
) -> None:
    group, _, version = unit.api_version.rpartition("/")

    # A coroutine though it awaits nothing: Kopf runs plain functions in threads, and neither the
    # cache nor the queue's asyncio events are made for that.
    @kopf.on.event(group, version, unit.plural, registry=registry, id=f"wake-{unit.plural}")
    async def wake(event: kopf.RawEvent, **_: Any) -> None:
        async with turns.turn():
            watcher.on_custom_resource(unit, event["type"], event["object"])


async def connection(configuration: Configuration) -> kopf.ConnectionInfo:
    """The same server and credentials for Kopf's watches as for our writes."""
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
    """A session whose answers are bounded: in Kopf's own, one object that is nested too deep ends
    the operator (ADR 0019). It is made as Kopf makes its own."""

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
    """No Events or annotations of Kopf's own, lists in pages, no task for long without events."""
    settings.watching.chunk_size = CHUNK
    settings.queueing.idle_timeout = 0.5
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.posting.enabled = False
    settings.queueing.exit_timeout = 0.5
    settings.peering.standalone = True
    settings.networking.request_timeout = 30
    # It kills the process then. Until that, the operator looks healthy and sees no edit.
    settings.process.ultimate_exiting_timeout = FAILED_SECONDS
    # Kopf would watch CRDs and namespaces only to discover new kinds: ours are known.
    settings.scanning.disabled = True
