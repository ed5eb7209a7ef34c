"""Built-in steps: Triton Python models of the features that training computes.
docs/builtin-steps.md lists the inputs and outputs of each step."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, Int
from inference_operator.api.one_of import exactly_one
from inference_operator.api.rules import Rule
from inference_operator.api.source import FROM_REGISTRY, Source


class Weights(ApiModel):
    """Weight of each view, relative to the other one."""

    price: Annotated[Int, Field(ge=1, le=1000)]
    """Weight of the price forecast."""

    sentiment: Annotated[Int, Field(ge=0, le=1000)]
    """Weight of the text's sentiment at full confidence. The weight shrinks with the confidence."""


class WeightedAverage(ApiModel):
    """One forecast with its confidence, from a price forecast and a text's sentiment."""

    weights: Weights = Weights(price=80, sentiment=20)
    """Weights of the two views. Only their ratio matters: 80 and 20 are the same as 4 and 1."""

    sentiment_basis_points: Annotated[Int, Field(ge=0, le=10000)] = 100
    """Log return, in basis points, that a text with score 1 stands for."""


class Periods(ApiModel):
    """Number of bars that each indicator covers."""

    rsi: Annotated[Int, Field(ge=1, le=10000)] = 14
    """Relative strength index (Wilder)."""

    sma: Annotated[Int, Field(ge=1, le=10000)] = 20
    """Simple moving average."""

    ema: Annotated[Int, Field(ge=1, le=10000)] = 20
    """Exponential moving average."""

    volatility: Annotated[Int, Field(ge=2, le=10000)] = 20
    """Standard deviation of log returns."""


class BadBars(StrEnum):
    """Handling of bars that cannot be read."""

    REFUSE = "Refuse"
    NAN = "NaN"


class OhlcvFeatures(ApiModel):
    """Windows, normalised windows and indicators of raw bars, which the step checks first."""

    steps: Annotated[Int, Field(ge=1, le=10000)] = 60
    """Bars in a window: the newest bars of each request."""

    periods: Periods = Periods()
    """Number of bars that each indicator covers."""

    longest_standstill: Annotated[Int, Field(ge=1, le=10000)] = 59
    """Most of the newest bars that may have the same close, however many bars are sent. If there
    are more, the feed counts as stopped and its bars as unreadable."""

    bad_bars: BadBars = BadBars.REFUSE
    """Handling of rows with unreadable or too few bars. Refuse: reject the request. NaN: answer
    these rows with NaN; the output `problem` then gives the reason."""


class TooLong(StrEnum):
    """Handling of a text with too many tokens."""

    CUT = "Cut"
    REFUSE = "Refuse"


class EmptyText(StrEnum):
    """Handling of a text without any word or sign."""

    REFUSE = "Refuse"
    LEAVE_OUT = "LeaveOut"


class Tokenizer(ApiModel):
    """WordPiece ids and attention masks of uncased BERT."""

    rules: ClassVar = (
        Rule(
            cel=f"!has(self.vocabulary) || !{FROM_REGISTRY.format('self.vocabulary.uri')}",
            holds=lambda self: self.vocabulary is None or not self.vocabulary.from_registry,
            value='"{vocabulary.uri}"',
            requirement="the uri of a file, since a registered model is not a vocabulary",
            remedy="store the vocab.txt at an https://, s3://, gs://, oci:// or pvc:// uri",
            field="vocabulary.uri",
        ),
    )

    vocabulary: Source | None = None
    """A `vocab.txt` with one word per line. Absent: the included vocabulary of uncased English
    BERT."""

    max_tokens: Annotated[Int, Field(ge=3, le=512)] = 512
    """Most tokens of a text, including its start and end marks."""

    too_long: TooLong = TooLong.CUT
    """Cut: shorten a text with more tokens. Refuse: reject the request."""

    empty_text: EmptyText = EmptyText.REFUSE
    """Handling of a text that has no word or is not UTF-8. Refuse: reject the request. LeaveOut:
    treat the text as absent. Every request has a text, so an empty one means that there is nothing
    to read."""


class Builtin(ApiModel):
    """A built-in step of the operator; set exactly one field."""

    rules: ClassVar = (
        exactly_one(
            *("weightedAverage", "ohlcvFeatures", "tokenizer"),
            remedy="keep the one that the step runs",
        ),
    )

    weighted_average: WeightedAverage | None = None
    """One forecast with its confidence, from a price forecast and a text's sentiment."""

    ohlcv_features: OhlcvFeatures | None = None
    """Windows, normalised windows and indicators of raw bars."""

    tokenizer: Tokenizer | None = None
    """Token ids and attention masks of raw text."""
