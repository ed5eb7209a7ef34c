"""One contract for the caches of answers, in memory, in files, and in a real Redis."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from hack.services.redis import LocalRedis
from serving.gateway.caches.files import FileCache
from serving.gateway.caches.memory import MemoryCache
from serving.gateway.caches.port import LARGEST_VALUE, Cache, CacheAwayError
from serving.gateway.caches.redis import RedisCache

pytestmark = pytest.mark.integration

_NUMBERS = itertools.count()
# The tests are about contents. The budget has tests of its own; the machine may be busy.
BUDGET = 2.0


@pytest.fixture
def key() -> str:
    return f"{next(_NUMBERS):064x}"


@pytest.fixture(params=["memory", "files", "redis"])
async def cache(
    request: pytest.FixtureRequest, tmp_path: Path, redis_server: LocalRedis
) -> AsyncIterator[Cache]:
    made: Cache
    if request.param == "memory":
        made = MemoryCache(1 << 22)
    elif request.param == "files":
        made = FileCache(tmp_path, 1 << 22)
    else:
        made = RedisCache(Redis.from_url(redis_server.url), BUDGET)
    yield made
    await made.close()


async def test_a_key_that_was_never_put_is_absent(cache: Cache, key: str) -> None:
    assert await cache.get(key) is None


@pytest.mark.parametrize("value", [b"", b"x", bytes(range(256)) * 40])
async def test_a_value_comes_back_as_it_was(cache: Cache, key: str, value: bytes) -> None:
    await cache.put(key, value, 60)
    assert await cache.get(key) == value


async def test_the_last_value_counts(cache: Cache, key: str) -> None:
    await cache.put(key, b"first", 60)
    await cache.put(key, b"second", 60)
    assert await cache.get(key) == b"second"


async def test_keys_do_not_meet(cache: Cache, key: str) -> None:
    await cache.put(key, b"a", 60)
    assert await cache.get("f" + key[1:]) is None


async def test_a_value_goes_when_its_time_is_over(cache: Cache, key: str) -> None:
    await cache.put(key, b"a", 0.15)
    assert await cache.get(key) == b"a"
    await asyncio.sleep(0.2)
    assert await cache.get(key) is None


@pytest.mark.parametrize("seconds", [0, -1, 0.0001])
async def test_no_time_means_nothing_is_kept(cache: Cache, key: str, seconds: float) -> None:
    await cache.put(key, b"a", seconds)
    await asyncio.sleep(0.001)
    assert await cache.get(key) is None


async def test_a_value_that_is_too_large_is_left_out(cache: Cache, key: str) -> None:
    await cache.put(key, b"x" * (LARGEST_VALUE + 1), 60)
    assert await cache.get(key) is None


async def test_many_values_at_once(cache: Cache) -> None:
    keys = [f"{n:064x}" for n in range(1 << 20, (1 << 20) + 100)]
    await asyncio.gather(*(cache.put(each, each.encode(), 60) for each in keys))
    values = await asyncio.gather(*map(cache.get, keys))
    assert values == [each.encode() for each in keys]


async def test_a_sweep_leaves_files_that_are_being_written(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, 1 << 20)
    (tmp_path / "00").mkdir()
    now, old = tmp_path / "00" / ".partial-now", tmp_path / "00" / ".partial-old"
    for path in (now, old):
        path.write_bytes(b"")
    os.utime(old, (0, 0))
    cache.sweep()

    assert now.exists()
    assert not old.exists()


async def test_more_than_its_bytes_never_fails_and_stays_bounded(cache: Cache) -> None:
    block = b"x" * (1 << 19)
    for number in range(24):
        await cache.put(f"{number:064x}", block, 60)
    if isinstance(cache, FileCache):
        cache.sweep()
    kept = [n for n in range(24) if await cache.get(f"{n:064x}") is not None]
    assert 23 in kept
    assert len(kept) < 16


async def test_redis_that_is_away_says_so_at_once_and_is_left_alone_for_a_while(
    tmp_path: Path, key: str
) -> None:
    now = 100.0
    with LocalRedis(tmp_path) as server:
        cache = RedisCache(Redis.from_url(server.url), BUDGET, lambda: now)
        await cache.put(key, b"a", 60)
        server.stop()
        for _ in range(6):
            with pytest.raises(CacheAwayError):
                await cache.get(key)
        with pytest.raises(CacheAwayError, match="asked again after 5 s"):
            await cache.get(key)
        server.start()
        with pytest.raises(CacheAwayError, match="asked again after 5 s"):
            await cache.get(key)
        now += 5.1
        await cache.put(key, b"b", 60)
        assert await cache.get(key) == b"b"
        await cache.close()


async def test_redis_that_is_slow_costs_its_budget_only(redis_server: LocalRedis, key: str) -> None:
    blocker = Redis.from_url(redis_server.url)
    cache = RedisCache(Redis.from_url(redis_server.url), 0.02)
    await cache._client.ping()
    asleep = asyncio.ensure_future(blocker.execute_command("CLIENT", "PAUSE", "400", "ALL"))
    await asyncio.sleep(0.05)
    began = asyncio.get_running_loop().time()
    with pytest.raises(CacheAwayError, match="TimeoutError"):
        await cache.get(key)
    assert asyncio.get_running_loop().time() - began < 0.3
    await asyncio.sleep(0.4)
    await asleep
    await blocker.aclose()
    await cache.close()


async def test_redis_that_is_full_refuses_and_that_is_all(tmp_path: Path, key: str) -> None:
    with LocalRedis(tmp_path, most_memory="2mb") as server:
        client = Redis.from_url(server.url)
        await client.config_set("maxmemory-policy", "noeviction")
        cache = RedisCache(client, BUDGET)

        async def fill() -> None:
            for number in range(20):
                await cache.put(f"{number:064x}", b"x" * (1 << 19), 60)

        with pytest.raises(CacheAwayError, match="OutOfMemory"):
            await fill()
        assert await cache.get(key) is None
        await cache.close()


async def test_files_that_are_damaged_or_gone_are_absent(tmp_path: Path, key: str) -> None:
    cache = FileCache(tmp_path, 1 << 20)
    await cache.put(key, b"a", 60)
    (tmp_path / key[:2] / key).write_bytes(b"abc")
    assert await cache.get(key) is None


async def test_a_folder_that_cannot_be_written_is_away(tmp_path: Path, key: str) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(CacheAwayError):
        await FileCache(tmp_path / "cache", 1 << 20).put(key, b"a", 60)


async def test_only_digests_are_file_names(tmp_path: Path) -> None:
    with pytest.raises(CacheAwayError, match="expected a digest"):
        await FileCache(tmp_path, 1 << 20).put("../../escape", b"a", 60)
    assert not list(os.scandir(tmp_path))
