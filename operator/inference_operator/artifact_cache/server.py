"""The HTTP server of the cache: claims, uploads, downloads, health and metrics."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    generate_latest,
)

from inference_operator.adapters.web.listener import ConnectionLimits, Listener, listen
from inference_operator.artifact_cache.download_locks import DownloadLocks, State
from inference_operator.artifact_cache.pace import TooSlowError, TransferPace
from inference_operator.artifact_cache.sending import send
from inference_operator.artifact_cache.slots import BusyError, Slots
from inference_operator.artifact_cache.store import (
    ArtifactStore,
    TooLargeError,
    Upload,
    WrongDigestError,
)

# Shorter than the time that `load` waits for an answer; it asks again.
LONGEST_WAIT_SECONDS = 15.0
# A pod that vanished cannot keep the others from fetching for longer.
LONGEST_CLAIM_SECONDS = 1800.0
# The longest pause of an upload: it ends a pod that is gone, or that only announced it.
LONGEST_SILENCE_SECONDS = 10.0
# `load` of one pod holds up to 12 claims, and moves one file for each.
CONNECTIONS = ConnectionLimits(most=512, of_peer=64)
_CHUNK = 1 << 20
_RETRY_AFTER = {"Retry-After": "2"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LOG = logging.getLogger(__name__)


class CacheServer:
    """HTTP handlers around one store."""

    def __init__(self, store: ArtifactStore, longest_wait: float = LONGEST_WAIT_SECONDS) -> None:
        self._store, self._locks, self._longest_wait = store, DownloadLocks(), longest_wait
        self._checking = asyncio.Lock()
        self._uploads = Slots("uploads", most=16, of_peer=4)
        self._downloads = Slots("downloads", most=256, of_peer=12)
        self._held_claims = Slots("claims", most=256, of_peer=16)
        self._checks = Slots("checks of a copy", most=4, of_peer=2)
        self._registry = CollectorRegistry()
        answers = (
            "Requests for artifacts: hit, miss, stored, refused, busy, dropped, absent, and claims"
            " by their state"
        )
        name = "inference_operator_artifact_cache"
        self._answers = Counter(f"{name}_answers", answers, ["answer"], registry=self._registry)
        gauges = {
            "bytes": ("Bytes of the artifacts held", lambda: store.size),
            "limit_bytes": ("Bytes that may be held", lambda: store.limit),
            "artifacts": ("Artifacts held", lambda: store.count),
            "waiting": ("Pods that wait for another pod's download", lambda: self._locks.waiting),
            "evicted": ("Artifacts evicted since the start", lambda: store.evicted),
        }
        for suffix, (words, value) in gauges.items():
            Gauge(f"{name}_{suffix}", words, registry=self._registry).set_function(value)

    def application(self) -> web.Application:
        """Return the application that aiohttp serves."""
        application = web.Application()
        path = "/sha256/{digest}"
        application.add_routes(
            [
                web.get(path, self._take),
                web.put(path, self._bring, expect_handler=_unanswered),
                web.delete(path, self._drop),
                web.post(f"{path}/claim", self._claim),
                web.get("/healthz", self._healthy),
                web.get("/metrics", self._metrics),
            ]
        )
        return application

    def _state(self, state: State) -> web.Response:
        self._answers.labels(state).inc()
        return web.Response(headers={"State": state})

    @contextmanager
    def _slot(self, slots: Slots, request: web.Request) -> Iterator[None]:
        """Hold a slot for this request; answer 429 if the peer has too many, 503 if all have."""
        with ExitStack() as stack:
            try:
                stack.enter_context(slots.take(request.remote or ""))
            except BusyError as error:
                self._answers.labels("busy").inc()
                refusal = web.HTTPTooManyRequests if error.of_peer else web.HTTPServiceUnavailable
                raise refusal(text=f"{error}\n", headers=_RETRY_AFTER) from None
            yield

    async def _take(self, request: web.Request) -> web.StreamResponse:
        sha256 = _digest(request)
        if not self._store.has(sha256):
            self._answers.labels("miss").inc()
            raise web.HTTPNotFound(text=f"artifact {sha256} is not in the cache\n")
        with (
            self._slot(self._downloads, request),
            self._store.read(sha256, time.time_ns()) as file,
        ):
            self._answers.labels("hit").inc()
            return await send(request, file, sha256)

    async def _bring(self, request: web.Request) -> web.Response:
        sha256 = _digest(request)
        if self._store.has(sha256):
            # The body is not read: the artifact is here already.
            return web.Response(status=201)
        if request.content_length is None:
            raise web.HTTPLengthRequired(text="Content-Length: found none, expected the size\n")
        with self._slot(self._uploads, request):
            await _go_on(request)
            try:
                await self._keep(request, sha256, request.content_length)
            except tuple(_REFUSALS) as error:
                self._answers.labels("refused").inc()
                refusal = next(_REFUSALS[kind] for kind in _REFUSALS if isinstance(error, kind))
                raise refusal(text=f"{error}\n") from None
        self._answers.labels("stored").inc()
        # Counted above; a line for each would let a peer flood the log.
        _LOG.debug("stored %s, %s bytes", sha256, f"{request.content_length:,}")
        return web.Response(status=201)

    async def _keep(self, request: web.Request, sha256: str, size: int) -> None:
        upload = self._store.begin(sha256, size, request.remote or "")
        try:
            await _receive(request, upload)
        finally:
            upload.close()

    async def _drop(self, request: web.Request) -> web.Response:
        """Drop a copy that a pod reports as corrupt, if its content does not match the digest."""
        sha256 = _digest(request)
        if not self._store.has(sha256):
            # Only counted: a peer may ask for as many as it likes.
            self._answers.labels("absent").inc()
            return web.Response(status=204)
        with self._slot(self._checks, request):
            async with self._checking:
                is_gone = await asyncio.to_thread(self._store.drop_corrupt, sha256)
        if not is_gone:
            text = f"the cached copy of {sha256} matches its digest, so it is kept\n"
            raise web.HTTPConflict(text=text)
        self._answers.labels("dropped").inc()
        _LOG.warning("dropped %s: its content did not match its digest", sha256)
        return web.Response(status=204)

    async def _claim(self, request: web.Request) -> web.StreamResponse:
        """Answer which pod fetches. A claim is held for as long as its request stays open."""
        sha256 = _digest(request)
        if self._store.has(sha256):
            return self._state(State.PRESENT)
        with self._slot(self._held_claims, request):
            return await self._hold(request, sha256)

    async def _hold(self, request: web.Request, sha256: str) -> web.StreamResponse:
        async with self._locks.claim(sha256, self._longest_wait) as held:
            if self._store.has(sha256):
                return self._state(State.PRESENT)
            if not held:
                return self._state(State.TAKEN)
            answer = web.StreamResponse(headers={"State": State.YOURS})
            self._answers.labels(State.YOURS).inc()
            # The client may be gone by now, or stay for too long.
            with suppress(ConnectionError, TimeoutError):
                await answer.prepare(request)
                async with asyncio.timeout(LONGEST_CLAIM_SECONDS):
                    await asyncio.Event().wait()
            return answer

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _metrics(self, request: web.Request) -> web.Response:
        headers = {"Content-Type": CONTENT_TYPE_LATEST}
        return web.Response(body=generate_latest(self._registry), headers=headers)


async def serve(
    server: CacheServer, address: str, port: int, limits: ConnectionLimits = CONNECTIONS
) -> Listener:
    """Listen until the returned listener is cleaned up."""
    return await listen(server.application(), address, port, limits)


_REFUSALS: dict[type[Exception], type[web.HTTPException]] = {
    TooLargeError: web.HTTPInsufficientStorage,
    WrongDigestError: web.HTTPUnprocessableEntity,
    TooSlowError: web.HTTPRequestTimeout,
    # A body that is not encoded as declared, or ends early.
    web.RequestPayloadError: web.HTTPBadRequest,
    # A disk that is full, or broken.
    OSError: web.HTTPInsufficientStorage,
}


async def _unanswered(_: web.Request) -> None:
    """Leave `Expect: 100-continue` open until there is a slot, so that no refused body is sent."""


async def _go_on(request: web.Request) -> None:
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # It is not the answer yet.
        request.writer.output_size = 0


async def _receive(request: web.Request, upload: Upload) -> None:
    async for chunk in _chunks(request):
        upload.reserve(len(chunk))
        await asyncio.to_thread(upload.write, chunk)
    await asyncio.to_thread(upload.verify)
    upload.commit(time.time_ns())


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; TooSlowError if it stops, or arrives too slowly."""
    pace = TransferPace()
    while True:
        async with pace.waiting(LONGEST_SILENCE_SECONDS):
            chunk = await request.content.read(_CHUNK)
        if not chunk:
            return
        pace.moved(len(chunk))
        yield chunk


def _digest(request: web.Request) -> str:
    digest = request.match_info["digest"]
    if not _DIGEST.fullmatch(digest):
        raise web.HTTPBadRequest(text=f"found {digest[:80]!r}, expected 64 hexadecimal digits\n")
    return digest
