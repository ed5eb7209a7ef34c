"""Predictions as callers read them: a value, how sure the model is, and which version said so."""

from dataclasses import dataclass

CLAIMED = 0.9
"""The share of closes that an interval of the shipped models claims to hold."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """The model and the version of it that gave an answer, as Triton named them."""

    model: str
    version: str


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of one call, from the caller's side.

    `total` is from the call to the answer, with all attempts; `waited` is the part spent between
    attempts. `attempts` is 1 if nothing was tried again.
    """

    total: float
    attempts: int = 1
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds in the units of the value that they surround; `claimed` is the share they hold."""

    lower: float
    upper: float
    claimed: float = CLAIMED


@dataclass(frozen=True, slots=True)
class PricePrediction:
    """The next close of a symbol, in the money of its bars.

    `change` is the next close divided by the last one, and `change_interval` its bounds on that
    scale; `price` and `interval` are these times `last_close`. `confidence`, 0.5 to 1, is the
    probability that the close moves in the forecast's direction.
    """

    symbol: str
    price: float
    interval: Interval
    confidence: float
    change: float
    change_interval: Interval
    last_close: float
    answered_by: Answerer
    timings: Timings


@dataclass(frozen=True, slots=True)
class SentimentPrediction:
    """The rating of a text, -1 to 1; `confidence`, 0.5 to 1, is about its sign."""

    sentiment: float
    confidence: float
    answered_by: Answerer
    timings: Timings


@dataclass(frozen=True, slots=True)
class EnsemblePrediction:
    """The next close of a symbol with a text taken into account.

    `price_component` is the price model's own forecast in money, None where the pipeline does not
    give it. `sentiment_component` is the text's rating, None where the text was left out.
    """

    symbol: str
    final_prediction: float
    confidence: float
    change: float
    last_close: float
    price_component: float | None
    sentiment_component: float | None
    answered_by: Answerer
    timings: Timings


@dataclass(frozen=True, slots=True)
class RowProblem:
    """The reason why one row of a batch has no prediction; the other rows have theirs.

    `reason` is a value of `FailureReason` (bad input) or of `ClientReason` (no answer).
    """

    reason: str
    message: str
