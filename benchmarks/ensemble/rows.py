"""The requests: real bars beside real sentences."""

import json
from pathlib import Path

import numpy as np

from benchmarks.ensemble.clients import Row
from model_builders.features.tokens import TooLong
from training.data.prices import STEPS, load_prices
from training.data.sentiment import load_sentiment
from training.sentiment_task import MOST_TOKENS, tokeniser


def rows(count: int) -> list[Row]:
    """Return as many requests of one row: 60 bars of a share, and a sentence of any source."""
    tables = [table.to_numpy(np.float64) for table in load_prices().bars.values()]
    texts = load_sentiment().texts
    selected = []
    for number in range(count):
        table = tables[number % len(tables)]
        first = (7 * number) % (len(table) - STEPS)
        selected.append(_row(table[first : first + STEPS], texts[(number * 7919) % len(texts)]))
    return selected


def _row(bars: np.ndarray, text: str) -> Row:
    ids = np.array([tokeniser().ids(text, MOST_TOKENS, TooLong.CUT)], np.int64)
    given = {"ohlcv": bars[None], "text": np.array([[text.encode()]], object)}
    window = bars[None].astype(np.float32)
    return Row(given, {"window": window, "input_ids": ids, "attention_mask": np.ones_like(ids)})


def mean_tokens(rows: list[Row]) -> float:
    return round(float(np.mean([row.prepared["input_ids"].shape[1] for row in rows])), 1)


def request_file(rows: list[Row], path: Path) -> Path:
    """Return perf_analyzer's JSON, one request of one row after the other."""
    data = [
        {
            "ohlcv": {
                "content": row.given["ohlcv"].flatten().tolist(),
                "shape": list(row.given["ohlcv"].shape[1:]),
            },
            "text": {"content": [row.given["text"][0, 0].decode()], "shape": [1]},
        }
        for row in rows
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"data": data}))
    return path
