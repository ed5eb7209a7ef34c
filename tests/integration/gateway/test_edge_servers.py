"""The edge with real servers: rates in a Redis, and keys of tokens at an address."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from hack.services.redis import LocalRedis
from serving.gateway.key_sets import fetching
from serving.gateway.problems import RefusedError
from serving.gateway.rates import Rates

pytestmark = pytest.mark.integration

BUDGET = 2.0


async def codes(rates: Rates, caller: str, requests: int) -> list[int]:
    """Return the status of so many requests of a caller."""
    seen = []
    for _ in range(requests):
        try:
            await rates.check(caller)
            seen.append(200)
        except RefusedError as refused:
            seen.append(refused.problem.status)
    return seen


async def test_two_gateways_share_a_rate_and_go_on_without_redis(tmp_path: Path) -> None:
    away: list[int] = []
    with LocalRedis(tmp_path) as server:
        first, second = (
            Rates("3/day", server.url, BUDGET, lambda: away.append(1)) for _ in range(2)
        )
        await first.start()
        assert await codes(first, "desk", 2) == [200, 200]
        assert await codes(second, "desk", 2) == [200, 429]
        assert await codes(second, "other", 1) == [200]
        assert not away

        server.stop()
        assert await codes(first, "desk", 4) == [200, 200, 200, 429]
        assert len(away) == 4
        await first.close()
        await second.close()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Serve an address of loopback; yield it."""
    app = web.Application()
    app.router.add_get("/keys", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    yield f"http://{host}:{port}/keys"
    await runner.cleanup()


async def test_keys_are_read_from_their_address_only() -> None:
    async def keys(_: web.Request) -> web.Response:
        return web.Response(text='{"keys": []}')

    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:9/keys")

    async def endless(_: web.Request) -> web.Response:
        return web.Response(text="x" * (2 << 20))

    async with serving(keys) as url:
        assert await fetching(url)() == '{"keys": []}'
    async with serving(elsewhere) as url:
        with pytest.raises(ValueError, match="found status 302, expected 200 and a JWKS"):
            await fetching(url)()
    async with serving(endless) as url:
        with pytest.raises(ValueError, match="found more than 1048576 bytes"):
            await fetching(url)()
