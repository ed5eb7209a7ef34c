"""Requests through one gateway over three servers, and over six once three more have come."""

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import numpy.typing as npt

from benchmarks.gateway.questions import Questions
from benchmarks.gateway.rounds import load
from benchmarks.gateway.ways import Posts
from benchmarks.serving.models import Case, lay_out
from hack.images.local_triton import LocalTriton
from hack.services.gateway import LocalGateway
from hack.services.server_process import free_ports

MOST_UNEVEN, WITHIN_SECONDS = 1.2, 30.0
_REQUESTS, _IN_FLIGHT = 600, 16
_IDLE_SECONDS = 2.0
_CASE = Case("lstm_price_predictor", 32, "onnx")
_COUNTER = "nv_inference_request_success"


async def balance(
    folder: Path, bars: npt.NDArray[np.float64], servers: tuple[int, int] = (3, 6)
) -> dict[str, Any]:
    """Return how evenly servers are used: with the first number, and then with the second.

    All addresses are in the gateway's settings from the start, so new servers are noticed by
    connections, as they come. A name server does not take part.
    """
    first, most = servers
    tritons = [LocalTriton(lay_out(folder / "balance", (_CASE,))) for _ in range(most)]
    addresses = ",".join(each.grpc for each in tritons)
    sections = {
        "triton": {"targets": {"triton": {"address": f"ipv4:{addresses}"}}},
        "routes": {"price": {"model": _CASE.name}, "sentiment": None, "ensemble": None},
        "storage": {"cache_dir": str(folder / "balance-cache")},
    }
    with ExitStack() as stack:
        for each in tritons[:first]:
            stack.enter_context(each)
        gateway = stack.enter_context(
            LocalGateway(folder / "balance-gateway", sections, free_ports(1)[0])
        )
        # The gateway closes connections that were idle while servers start.
        connector = aiohttp.TCPConnector(keepalive_timeout=_IDLE_SECONDS)
        async with aiohttp.ClientSession(connector=connector) as session:
            posts = Posts(session, gateway.uri)
            asked = iter(Questions(bars, ""))

            async def call() -> None:
                await posts.post("price", next(asked).body)

            before = await _window(call, tritons[:first])
            for each in tritons[first:]:
                stack.enter_context(each)
            began = time.monotonic()
            after = await _window(call, tritons)
            while uneven(after) > MOST_UNEVEN and time.monotonic() - began < WITHIN_SECONDS:
                after = await _window(call, tritons)
            seconds = time.monotonic() - began
    return {
        "before": {"servers": first, "requests": before, "busiestToLeast": _shown(before)},
        "after": {"servers": most, "requests": after, "busiestToLeast": _shown(after)},
        "secondsUntilEven": round(seconds, 1),
    }


def uneven(counts: Sequence[float]) -> float:
    """Return the requests of the busiest server for each one of the least busy.

    >>> uneven([110, 100]), uneven([5, 0])
    (1.1, inf)
    """
    return max(counts) / min(counts) if min(counts) else float("inf")


def _shown(counts: Sequence[float]) -> float | None:
    value = uneven(counts)
    return round(value, 3) if np.isfinite(value) else None


async def _window(
    call: Callable[[], Awaitable[None]], tritons: Sequence[LocalTriton]
) -> list[float]:
    """Return how many of the next requests each server answered."""
    before = [each.metric(_COUNTER) for each in tritons]
    await load(call, _REQUESTS, _IN_FLIGHT)
    return [each.metric(_COUNTER) - count for each, count in zip(tritons, before, strict=True)]
