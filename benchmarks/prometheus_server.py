"""Server on loopback that answers queries as Prometheus does, for benchmarks in another process."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from aiohttp import web

from inference_operator.domain.measurement import Family

Rows = Callable[[Family, float], Iterable[dict[str, Any]]]
"""Returns the rows of a family at a Unix time."""


def body(rows: Iterable[dict[str, Any]]) -> bytes:
    """Return an answer as compact as Prometheus writes it."""
    matches = {"resultType": "vector", "result": list(rows)}
    return json.dumps({"status": "success", "data": matches}, separators=(",", ":")).encode()


def serve_rows(texts: Mapping[str, Family], rows: Rows, port: "Connection[Any, Any]") -> None:
    """Answer each text by the rows of its family, until the process is ended. `port` gets the port
    of the server."""

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        answered = rows(texts[str(form["query"])], float(str(form["time"])))
        return web.Response(body=body(answered), content_type="application/json")

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/api/v1/query", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())
