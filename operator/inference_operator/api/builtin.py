"""Steps that come with the operator: Triton Python models of the features that training computes.

What each one takes and gives is in docs/builtin-steps.md.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, Int
from inference_operator.api.one_of import exactly_one
from inference_operator.api.rules import Rule
from inference_operator.api.source import FROM_REGISTRY, Source


class Weights(ApiModel):
    """How much each view counts, relative to the other one."""

    price: Annotated[Int, Field(ge=1, le=1000)]
    """Weight of the price forecast."""

    sentiment: Annotated[Int, Field(ge=0, le=1000)]
    """Weight of the text's sentiment at full confidence; it shrinks with its confidence."""


class WeightedAverage(ApiModel):
    """A price forecast and a text's sentiment as one forecast, with its confidence."""

    weights: Weights = Weights(price=80, sentiment=20)
    """How much each view counts. 80 and 20, or 4 and 1: only their ratio matters."""

    sentiment_basis_points: Annotated[Int, Field(ge=0, le=10000)] = 100
    """The log return, in basis points, that the best text (score 1) stands for."""


class Periods(ApiModel):
    """Over how many bars each indicator looks."""

    rsi: Annotated[Int, Field(ge=1, le=10000)] = 14
    """Relative strength index (Wilder)."""

    sma: Annotated[Int, Field(ge=1, le=10000)] = 20
    """Simple moving average."""

    ema: Annotated[Int, Field(ge=1, le=10000)] = 20
    """Exponential moving average."""

    volatility: Annotated[Int, Field(ge=2, le=10000)] = 20
    """Standard deviation of log returns."""


class BadBars(StrEnum):
    """What becomes of bars that cannot be read."""

    REFUSE = "Refuse"
    NAN = "NaN"


class OhlcvFeatures(ApiModel):
    """Checks raw bars, and computes windows, normalised windows and indicators of them."""

    steps: Annotated[Int, Field(ge=1, le=10000)] = 60
    """Bars of a window: the newest ones of each request."""

    periods: Periods = Periods()
    """Over how many bars each indicator looks."""

    longest_standstill: Annotated[Int, Field(ge=1, le=10000)] = 59
    """Most of the newest bars, however many are sent, that may have one close. With more of them
    the feed counts as stopped, and the bars cannot be read."""

    bad_bars: BadBars = BadBars.REFUSE
    """Whether a request with bars that cannot be read, or too few of them, is refused, or such a
    row of it answered with NaN. The output `problem` then says why."""


class TooLong(StrEnum):
    """What becomes of a text of more tokens than fit."""

    CUT = "Cut"
    REFUSE = "Refuse"


class EmptyText(StrEnum):
    """What becomes of a text without any word or sign."""

    REFUSE = "Refuse"
    LEAVE_OUT = "LeaveOut"


class Tokenizer(ApiModel):
    """WordPiece ids and attention masks of uncased BERT."""

    rules: ClassVar = (
        Rule(
            cel=f"!has(self.vocabulary) || !{FROM_REGISTRY.format('self.vocabulary.uri')}",
            holds=lambda self: self.vocabulary is None or not self.vocabulary.from_registry,
            value='"{vocabulary.uri}"',
            requirement="the uri of a file, since a registry's models are no vocabularies",
            remedy="put the vocab.txt where https://, s3://, gs://, oci:// or pvc:// reaches it",
            field="vocabulary.uri",
        ),
    )

    vocabulary: Source | None = None
    """A `vocab.txt`, one word a line. Absent: that of uncased English BERT, which comes along."""

    max_tokens: Annotated[Int, Field(ge=3, le=512)] = 512
    """Most tokens of a text, its beginning and end marks included."""

    too_long: TooLong = TooLong.CUT
    """Whether a longer text is cut or refused."""

    empty_text: EmptyText = EmptyText.REFUSE
    """Whether a text without any word, or that is no UTF-8, is refused, or stands for none: every
    request has a text, and an empty one is how it says that there is nothing to read."""


class Builtin(ApiModel):
    """A step that comes with the operator; exactly one of its fields."""

    rules: ClassVar = (
        exactly_one(
            *("weightedAverage", "ohlcvFeatures", "tokenizer"),
            remedy="keep the one that the step is",
        ),
    )

    weighted_average: WeightedAverage | None = None
    """A price forecast and a text's sentiment as one forecast, with its confidence."""

    ohlcv_features: OhlcvFeatures | None = None
    """Windows, normalised windows and indicators of raw bars."""

    tokenizer: Tokenizer | None = None
    """Token ids and attention masks of raw text."""
