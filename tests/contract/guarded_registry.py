"""A proxy that asks for a user's password before a real MLflow, as docs/registry.md describes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, web

from inference_operator.adapters.mlflow.client import Mlflow

_PASSED = ("Content-Type", "User-Agent")


@asynccontextmanager
async def guarded(behind: str, authorization: str) -> AsyncIterator[Mlflow]:
    """Yield a client of the proxy for `behind`; requests without that `authorization` get 401."""
    async with ClientSession() as session:

        async def forward(asked: web.Request) -> web.Response:
            if asked.headers.get("Authorization") != authorization:
                challenge = {"WWW-Authenticate": 'Basic realm="MLflow"'}
                return web.Response(status=401, text="no such user", headers=challenge)
            kept = {name: asked.headers[name] for name in _PASSED if name in asked.headers}
            body = await asked.read()
            async with session.request(
                asked.method, f"{behind}{asked.rel_url}", data=body, headers=kept
            ) as got:
                return web.Response(status=got.status, body=await got.read())

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            door = Mlflow(f"http://127.0.0.1:{port}", 30.0)
            try:
                yield door
            finally:
                await door.close()
        finally:
            await runner.cleanup()
