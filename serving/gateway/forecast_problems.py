"""Problems of forecasts: numbers that are none, and symbols without bars."""

import math
from collections.abc import Mapping
from typing import Any

from serving.gateway.call import Call
from serving.gateway.interval import Interval
from serving.gateway.problems import Problem, Reason, RefusedError


def check_finite(call: Call, numbers: Mapping[str, Any]) -> None:
    """Refuse NaN and infinity, of which JSON has none."""
    bounds = numbers.get("bounds", [])
    values = {**numbers, **{f"bound {at}": value for at, value in enumerate(bounds)}}
    for name, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise RefusedError(
                Problem(
                    Reason.MODEL_PROBLEM,
                    f"model {call.model} version {numbers['version']} answered {value} as {name},"
                    " expected a number; look at the bars or the text, and at the model",
                    value=str(value),
                    remedy="look at the bars or the text, and at the model",
                )
            )


def no_bars(symbol: str) -> Problem:
    remedy = "send ohlcv_data, or its bars to /api/v1/features"
    detail = f"symbol: found {symbol}, of which no bars are known; {remedy}"
    return Problem(Reason.NO_BARS, detail, "symbol", symbol, "a symbol with bars", remedy)


def no_interval(call: Call, interval: Interval) -> Problem:
    numbers = f"change {interval.change:g} within {interval.low:g} to {interval.high:g}"
    return Problem(
        Reason.MODEL_PROBLEM,
        f"model {call.model} version {call.served_version} answered {numbers}, expected positive"
        " numbers with the lower bound first; look at the model",
        value=numbers,
        remedy="look at the model",
    )
