"""The cache in memory holds the bytes that it counts, and lets go of those whose time is over."""

import tracemalloc

import orjson

from serving.gateway.caches.memory import MemoryCache

COUNT = 2_000


def answer(number: int) -> bytes:
    """Return an answer as the gateway makes it."""
    return orjson.dumps({"change": number, "bounds": [0.98, 1.02, 0.9], "version": "3"})


async def test_kept_answers_need_no_more_memory_than_is_counted() -> None:
    cache = MemoryCache(1 << 30)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(COUNT):
            await cache.put(f"{number:064}", answer(number), 60)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(cache) == COUNT
    assert after - before <= cache.bytes


async def test_what_is_over_goes_with_the_next_answer_though_nobody_asks_for_it() -> None:
    now = [0.0]
    cache = MemoryCache(1 << 30, clock=lambda: now[0])
    for number in range(100):
        await cache.put(str(number), b"x", 60)
    now[0] = 61.0
    await cache.put("new", b"x", 60)
    assert len(cache) == 1
    assert await cache.get("new") == b"x"
