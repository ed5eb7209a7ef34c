"""Questions that differ from each other: a cache answers none of them, unless it is to."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_MARK = 123456789.0
Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One question as JSON of the gateway, and as what Triton itself takes."""

    body: bytes
    bars: Array
    text: str


class Questions:
    """Questions about 60 real bars; each has another volume in its newest bar.

    Making one costs the caller no JSON: the benchmark shares the machine with the servers.
    """

    def __init__(self, bars: npt.NDArray[Any], text: str, **more: Any) -> None:
        marked = np.array(bars, np.float64)
        marked[-1, 4] = _MARK
        self._bars, self._text = marked.astype(np.float32), text
        content = {"symbol": "AAPL", "ohlcv_data": marked.tolist(), **more}
        self._parts = json.dumps(content).encode().split(str(_MARK).encode())
        self._volumes = itertools.count(1_000_000)

    def __iter__(self) -> Iterator[Question]:
        return self

    def __next__(self) -> Question:
        volume = next(self._volumes)
        bars = self._bars.copy()
        bars[-1, 4] = volume
        body = f"{volume}.0".encode().join(self._parts)
        return Question(body, bars[None], f"{self._text} {volume}")

    def batch(self, rows: int) -> tuple[bytes, Array]:
        """Return a body of `/predict/batch`, and the same bars [rows, 60, 5]."""
        asked = [next(self) for _ in range(rows)]
        items = b",".join(b'{"kind": "price", ' + each.body[1:] for each in asked)
        return b'{"requests": [' + items + b"]}", np.concatenate([each.bars for each in asked])
