"""The operator's own HTTP port: /healthz, /readyz and /metrics."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from inference_operator.adapters.telemetry import Telemetry


async def serve(
    port: int, telemetry: Telemetry, ready: Callable[[], bool], healthy: Callable[[], bool]
) -> web.AppRunner:
    """Listen on all addresses until the returned runner is cleaned up."""

    def answer(holds: bool, word: str) -> web.Response:
        return web.Response(text=word if holds else f"not {word}", status=200 if holds else 503)

    async def healthz(_: web.Request) -> web.Response:
        return answer(healthy(), "healthy")

    async def readyz(_: web.Request) -> web.Response:
        return answer(ready(), "ready")

    async def metrics(_: web.Request) -> web.Response:
        body = generate_latest(telemetry.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.on_response_prepare.append(_close)
    app.add_routes(
        [
            web.get("/healthz", healthz),
            web.get("/readyz", readyz),
            web.get("/metrics", metrics),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner


async def _close(_: web.Request, response: web.StreamResponse) -> None:
    # A connection that is kept alive is a task of its own, which Kopf takes for one of its own
    # that hangs: it would wait 5 s for it at the end.
    response.force_close()
