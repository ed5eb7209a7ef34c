"""HTTP server of the operator: /healthz, /readyz and /metrics."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from inference_operator.adapters.web.listener import ConnectionLimits, Listener, listen
from inference_operator.adapters.web.telemetry import Telemetry

# The kubelet, Prometheus, and people.
CONNECTIONS = ConnectionLimits(most=128, of_peer=32)
# Requests for the metrics within this time get the same text: writing it holds the event loop.
METRICS_SECONDS = 0.25


@dataclass(slots=True)
class MetricsText:
    """The metrics as text, which is written again only after `METRICS_SECONDS`."""

    registry: CollectorRegistry
    clock: Callable[[], float] = time.monotonic
    _text: bytes = b""
    _until: float = 0.0

    def read(self) -> bytes:
        """Return the text, in Prometheus' format."""
        if (now := self.clock()) >= self._until:
            self._text, self._until = generate_latest(self.registry), now + METRICS_SECONDS
        return self._text


async def serve(
    port: int, telemetry: Telemetry, ready: Callable[[], bool], healthy: Callable[[], bool]
) -> Listener:
    """Listen on all addresses until the returned listener is cleaned up."""
    text = MetricsText(telemetry.registry)

    def answer(holds: bool, word: str) -> web.Response:
        return web.Response(text=word if holds else f"not {word}", status=200 if holds else 503)

    async def healthz(_: web.Request) -> web.Response:
        return answer(healthy(), "healthy")

    async def readyz(_: web.Request) -> web.Response:
        return answer(ready(), "ready")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=text.read(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes(
        [
            web.get("/healthz", healthz),
            web.get("/readyz", readyz),
            web.get("/metrics", metrics),
        ]
    )
    return await listen(app, "", port, CONNECTIONS)
