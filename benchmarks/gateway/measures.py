"""Measures of the gateway: each returns figures for JSON, with a ratio where it has a rival."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks.gateway.questions import Questions
from benchmarks.gateway.rounds import Load, Way, in_turn, load, ratio
from benchmarks.gateway.scene import Scene
from benchmarks.gateway.ways import Ask, Direct, Posts, check_equal

BUSY = 16
"""Requests in flight where the rate and the CPU time of a request are measured."""
_DIRECT_BATCH, _DIRECT_AT_ONCE = 32, 2


@dataclass(frozen=True, slots=True)
class Size:
    """The amount of work: rounds, and requests or rows in each."""

    rounds: int = 5
    alone: int = 200
    busy: int = 1500
    batch_rows: int = 1000
    routes: int = 60


@dataclass(frozen=True, slots=True)
class Subject:
    """All ways to the price model of a scene."""

    scene: Scene
    size: Size
    direct: Direct
    gateway: Posts
    plain: Posts
    questions: Questions

    async def single_rows(self) -> dict[str, Any]:
        """Return latency at 1 in flight, rate and CPU time at 16, of all three ways."""
        ways: dict[str, Ask] = {
            "direct": self.direct.ask,
            "gateway": self.gateway.ask,
            "plain": self.plain.ask,
        }
        await check_equal(ways, next(self.questions))
        alone = await in_turn(self._loads(ways, self.size.alone, 1), self.size.rounds)
        busy = await in_turn(self._loads(ways, self.size.busy, BUSY), self.size.rounds)
        p50s = {name: [each.percentile(50) for each in loads] for name, loads in alone.items()}
        rates = {name: [each.rate for each in loads] for name, loads in busy.items()}
        added = [
            1000 * (ours - direct)
            for ours, direct in zip(p50s["gateway"], p50s["direct"], strict=True)
        ]
        return {
            "alone": {name: summary(loads) for name, loads in alone.items()},
            "busy": {name: summary(loads) for name, loads in busy.items()},
            "cpuMs": {name: _cpu(busy[name], name) for name in self.scene.processes},
            "p50AddedMs": round(median(added), 2),
            "p50ToPlain": ratio(p50s["gateway"], p50s["plain"]),
            "rateToDirect": ratio(rates["gateway"], rates["direct"]),
            "rateToPlain": ratio(rates["gateway"], rates["plain"]),
        }

    async def batches(self) -> dict[str, Any]:
        """Return rows a second of `/predict/batch`, beside direct batches of 32, 2 at a time."""
        rows = self.size.batch_rows
        made = {"gateway": [], "direct": []}  # type: dict[str, list[float]]
        for _ in range(self.size.rounds):
            body, bars = self.questions.batch(rows)
            answers: list[Any] = []

            async def whole(body: bytes = body, answers: list[Any] = answers) -> None:
                answers.append(await self.gateway.post("batch", body))

            made["gateway"].append(rows / (await load(whole, 1, 1)).seconds)
            assert answers[0]["succeeded"] == rows, json.dumps(answers[0])[:500]
            parts = np.array_split(bars, np.arange(_DIRECT_BATCH, rows, _DIRECT_BATCH))
            left = iter(parts)

            async def part(left: Any = left) -> None:
                await self.direct.rows(next(left))

            made["direct"].append(rows / (await load(part, len(parts), _DIRECT_AT_ONCE)).seconds)
        return {
            **{f"{name}RowsPerSecond": round(median(each)) for name, each in made.items()},
            "toDirect": ratio(made["gateway"], made["direct"]),
        }

    async def cache_hits(self) -> dict[str, Any]:
        """Return the latency of an answer that the gateway keeps, beside `GET /health`."""
        same = next(self.questions)
        await self.gateway.post("price", same.body)
        assert (await self.gateway.post("price", same.body))["cached"]

        async def hit() -> None:
            await self.gateway.post("price", same.body)

        async def health() -> None:
            async with self.gateway.session.get(f"{self.gateway.uri}/health") as answer:
                await answer.read()

        async def of(call: Any) -> Load:
            return await load(call, self.size.alone, 1)

        ways: dict[str, Way] = {"hit": lambda: of(hit), "health": lambda: of(health)}
        loads = await in_turn(ways, self.size.rounds)
        return {name: summary(each) for name, each in loads.items()}

    async def routes(self) -> dict[str, Any]:
        """Return latency and rate of the three routes with some requests in flight."""
        made = {}
        for kind, in_flight in (("price", 10), ("sentiment", 10), ("ensemble", 10)):
            numbers = itertools.count()
            count = self.size.routes * (10 if kind == "price" else 1)

            async def call(kind: str = kind, numbers: Any = numbers) -> None:
                await self.gateway.post(kind, self._body(kind, next(numbers)))

            made[kind] = summary([await load(call, count, in_flight)])
        return made

    def _body(self, kind: str, number: int) -> bytes:
        if kind == "sentiment":
            return json.dumps({"text": f"{self.scene.text} {number}"}).encode()
        body = next(self.questions).body
        if kind == "ensemble":
            text = json.dumps(f"{self.scene.text} {number}").encode()
            return body[:-1] + b', "news_text": ' + text + b"}"
        return body

    def _loads(self, ways: Mapping[str, Ask], count: int, in_flight: int) -> dict[str, Way]:
        def way(ask: Ask) -> Way:
            async def call() -> None:
                await ask(next(self.questions))

            return lambda: load(call, count, in_flight, self.scene.processes)

        return {name: way(ask) for name, ask in ways.items()}


def summary(loads: Sequence[Load]) -> dict[str, float]:
    """Return the medians of some loads: latencies in ms, and requests a second."""
    return {
        "p50Ms": round(1000 * median(each.percentile(50) for each in loads), 2),
        "p95Ms": round(1000 * median(each.percentile(95) for each in loads), 2),
        "requestsPerSecond": round(median(each.rate for each in loads), 1),
        "requests": sum(len(each.latencies) for each in loads),
    }


def _cpu(loads: Sequence[Load], name: str) -> float:
    return round(median(each.cpu_ms(name) for each in loads), 3)
