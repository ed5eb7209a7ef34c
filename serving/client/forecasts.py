"""Questions of the three routes as arrays, and answers as predictions. Nothing here does IO."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from model_builders.features.average import INTERVAL_WIDTH
from model_builders.features.bars import Bars
from model_builders.features.windows import windows
from serving.client.errors import ClientReason, Place, TritonError
from serving.client.tensors import number, pair
from serving.records import (
    Answerer,
    Array,
    EnsemblePrediction,
    Interval,
    PricePrediction,
    SentimentPrediction,
    Timings,
)
from serving.settings.triton import (
    EnsembleRouteSettings,
    PriceRouteSettings,
    SentimentRouteSettings,
)

_CLOSE = 3


def window_of(route: PriceRouteSettings | EnsembleRouteSettings, ohlcv: Array) -> Array:
    """Return the newest bars [steps, 5] in float64.

    Raises:
        FeatureError: for bars that the model cannot read.
    """
    bars = Bars.numbered(ohlcv, "ohlcv", route.longest_standstill)
    return np.array(windows(bars.ohlcv, route.steps)[-1], np.float64)


Bounds = tuple[float, float, float]
"""The next close, and the bounds of its interval, all divided by the last close."""


def bounds_of(
    route: PriceRouteSettings, outputs: Mapping[str, Array], row: int, place: Place
) -> Bounds:
    """Return what a price model says in one row.

    Raises:
        TritonError: if it answered NaN, or tensors of another shape.
    """
    change = number(outputs, route.change, row, place)
    low, high = pair(outputs, route.interval, row, place)
    _check_finite((change, low, high), route.change, place)
    return change, low, high


def price_of(
    symbol: str, window: Array, bounds: Bounds, answered: tuple[Answerer, Timings]
) -> PricePrediction:
    """Return the forecast of a symbol in the money of its bars."""
    change, low, high = bounds
    last = float(window[-1, _CLOSE])
    answerer, timings = answered
    return PricePrediction(
        symbol,
        last * change,
        Interval(last * low, last * high),
        confidence_of(change, low, high),
        change,
        Interval(low, high),
        last,
        answerer,
        timings,
    )


def confidence_of(change: float, low: float, high: float) -> float:
    """Return the probability, 0.5 to 1, that the close moves in the forecast's direction.

    The arithmetic is that of `model_builders.features.average`, for a price alone.

    >>> confidence_of(1.0, 0.9, 1.1), round(confidence_of(1.05, 0.99, 1.1), 2)
    (0.5, 0.94)
    """
    if not 0 < low < high or change <= 0:
        return 0.5
    spread = (math.log(high) - math.log(low)) / INTERVAL_WIDTH
    return 0.5 * (1 + math.erf(abs(math.log(change)) / (spread * math.sqrt(2))))


def sentiment_of(
    route: SentimentRouteSettings,
    outputs: Mapping[str, Array],
    answered: tuple[Answerer, Timings],
    place: Place,
) -> SentimentPrediction:
    """Return the rating of a text.

    Raises:
        TritonError: if the model answered NaN, or tensors of another shape.
    """
    score = number(outputs, route.sentiment, 0, place)
    confidence = number(outputs, route.confidence, 0, place)
    _check_finite((score, confidence), route.sentiment, place)
    return SentimentPrediction(score, confidence, *answered)


def ensemble_of(
    route: EnsembleRouteSettings,
    asked: tuple[str, Array, str],
    outputs: Mapping[str, Array],
    answered: tuple[Answerer, Timings],
    place: Place,
) -> EnsemblePrediction:
    """Return the forecast of a pipeline for a symbol, its bars and a text.

    Raises:
        TritonError: if it answered NaN, with its own sentence, or tensors of another shape.
    """
    symbol, window, text = asked
    change = number(outputs, route.change, 0, place)
    confidence = number(outputs, route.confidence, 0, place)
    problem = _text(outputs[route.problem]) if route.problem else ""
    _check_finite((change, confidence), route.change, place, problem)
    last = float(window[-1, _CLOSE])
    alone = number(outputs, route.price_alone, 0, place) if route.price_alone else None
    score = number(outputs, route.sentiment, 0, place) if text else None
    return EnsemblePrediction(
        symbol, last * change, confidence, change, last,
        None if alone is None else last * alone,
        None if score is None or not math.isfinite(score) else score, *answered,
    )  # fmt: skip


def outputs_needed(route: object) -> tuple[str, ...]:
    """Return the names of the outputs that a route reads."""
    match route:
        case PriceRouteSettings():
            return route.change, route.interval
        case SentimentRouteSettings():
            return route.sentiment, route.confidence
        case EnsembleRouteSettings():
            optional = (route.problem, route.price_alone)
            names = (route.change, route.sentiment, route.confidence)
            return (*names, *(each for each in optional if each))
    return ()


def _check_finite(numbers: Sequence[float], tensor: str, place: Place, problem: str = "") -> None:
    if all(map(math.isfinite, numbers)):
        return
    raise TritonError(
        ClientReason.NOT_A_NUMBER,
        Place(place.model, place.version, tensor, place.target),
        problem or f"found {', '.join(f'{each:g}' for each in numbers)}",
        "correct the input; the model could not read it",
        problem,
    )


def _text(array: Array) -> str:
    value = np.ravel(array)[0] if array.size else b""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
