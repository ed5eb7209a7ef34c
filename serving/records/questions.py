"""Questions to models: bars, texts, and how long a caller waits for the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from serving.records.tensors import Array


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The caller's wishes for one call.

    `version` is the only version that may answer; empty takes the one that serves. `timeout` is
    seconds for all attempts together; None takes the client's. `request_id` and `headers` go to
    Triton with the call; names of headers are in lower case.
    """

    version: str = ""
    timeout: float | None = None
    request_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class PriceQuestion:
    """Bars [n, 5] of one symbol (open, high, low, close, volume), the oldest first."""

    symbol: str
    ohlcv: Array


@dataclass(frozen=True, slots=True, eq=False)
class EnsembleQuestion:
    """Bars [n, 5] of one symbol, the oldest first, and a text; an empty text means none."""

    symbol: str
    ohlcv: Array
    news_text: str = ""
