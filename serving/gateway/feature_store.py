"""The newest known bars of each symbol: in memory, in files, or in Redis for several gateways."""

import asyncio
import fcntl
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from redis.exceptions import RedisError

from serving.gateway.problems import Problem, Reason, RefusedError
from serving.gateway.windows import TimedBars

MOST_KEPT = 512
MOST_SYMBOLS = 20_000
_REDIS_SECONDS = 1.0
_EPOCH_UNIT = "datetime64[ms]"

# A row: the end and the time of becoming known in milliseconds, and the five numbers.
Row = tuple[int, int, list[float]]
Rows = Mapping[int, Row]


class FeatureStore(Protocol):
    """Bars by symbol. Each method raises RefusedError if the store cannot be asked."""

    async def add(self, symbol: str, bars: TimedBars) -> TimedBars:
        """Add bars, replace those of equal times, keep the newest 512; return what is kept."""

    async def newest(self, symbol: str) -> TimedBars | None:
        """Return the kept bars by time, the oldest first; None if there are none."""


class FileFeatures:
    """A file for each symbol; workers of one machine take turns by a lock of the file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def add(self, symbol: str, bars: TimedBars) -> TimedBars:
        kept: TimedBars = await self._in_thread(self._add, symbol, bars)
        return kept

    async def newest(self, symbol: str) -> TimedBars | None:
        rows = await self._in_thread(self._read, symbol)
        return _timed(rows) if rows else None

    async def _in_thread(self, work: Any, *given: Any) -> Any:
        try:
            return await asyncio.to_thread(work, *given)
        except (OSError, ValueError) as error:
            raise RefusedError(_away(f"{self._folder}: {error}")) from error

    def _path(self, symbol: str) -> Path:
        # Symbols may have colons and dots, and "." must not be a folder.
        return self._folder / f"{symbol.encode().hex()}.json"

    def _read(self, symbol: str) -> Rows:
        try:
            text = self._path(symbol).read_text()
        except FileNotFoundError:
            return {}
        return {int(end): (int(end), int(when), row) for end, when, row in json.loads(text)}

    def _add(self, symbol: str, bars: TimedBars) -> TimedBars:
        path = self._path(symbol)
        self._folder.mkdir(parents=True, exist_ok=True)
        if not path.exists() and sum(1 for _ in self._folder.glob("*.json")) >= MOST_SYMBOLS:
            raise ValueError(f"it has bars of {MOST_SYMBOLS} symbols, which is the most")
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            rows = _newest({**self._read(symbol), **_rows(bars)})
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps(list(rows.values())))
            partial.replace(path)
        return _timed(rows)


class RedisFeatures:
    """A hash for each symbol; equal times overwrite each other, whichever gateway writes."""

    _PREFIX = "inference-gateway:bars:"

    def __init__(self, client: Any) -> None:
        self._client = client

    async def add(self, symbol: str, bars: TimedBars) -> TimedBars:
        values = {str(end): json.dumps(row) for end, row in _rows(bars).items()}
        await self._call(self._client.hset(self._PREFIX + symbol, mapping=values))
        rows = await self._rows(symbol)
        kept = _newest(rows)
        old = [str(end) for end in rows if end not in kept]
        if old:
            await self._call(self._client.hdel(self._PREFIX + symbol, *old))
        return _timed(kept)

    async def newest(self, symbol: str) -> TimedBars | None:
        rows = await self._rows(symbol)
        return _timed(_newest(rows)) if rows else None

    async def _rows(self, symbol: str) -> Rows:
        values = await self._call(self._client.hgetall(self._PREFIX + symbol))
        return {int(end): tuple(json.loads(row)) for end, row in values.items()}

    async def _call(self, call: Any) -> Any:
        try:
            async with asyncio.timeout(_REDIS_SECONDS):
                return await call
        except (TimeoutError, RedisError, OSError) as error:
            raise RefusedError(_away(f"Redis: {type(error).__name__}: {error}")) from error


def _rows(bars: TimedBars) -> dict[int, Row]:
    ends, public = (each.astype(_EPOCH_UNIT).astype(int) for each in (bars.times, bars.known_at))
    return {
        int(end): (int(end), int(when), row)
        for end, when, row in zip(ends, public, bars.ohlcv.tolist(), strict=True)
    }


def _newest(rows: Rows) -> dict[int, Row]:
    return {end: rows[end] for end in sorted(rows)[-MOST_KEPT:]}


def _timed(rows: Rows) -> TimedBars:
    ordered = [rows[end] for end in sorted(rows)]
    return TimedBars(
        np.array([row[0] for row in ordered], _EPOCH_UNIT),
        np.array([row[1] for row in ordered], _EPOCH_UNIT),
        np.array([row[2] for row in ordered], np.float64),
    )


def _away(cause: str) -> Problem:
    return Problem(
        Reason.STORE_AWAY,
        f"the store of bars cannot be asked ({cause}); send ohlcv_data with the request",
        remedy="send ohlcv_data with the request, or send it again later",
        retry_after=1,
    )
