"""Bodies of requests: strict types, bounded sizes, and no fields that nobody reads."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Number = Annotated[float, Field(allow_inf_nan=False)]
Bar = Annotated[
    tuple[Number, Number, Number, Number, Number],
    Field(description="open, high, low, close, volume"),
]
Symbol = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:^=-]{1,32}$", examples=["005930"])]
MOST_BARS = 2_000
Bars = Annotated[list[Bar], Field(min_length=1, max_length=MOST_BARS)]
Times = Annotated[list[AwareDatetime], Field(min_length=1, max_length=MOST_BARS)]
# A text is cut to the model's tokens. 64 KiB hold many times as many.
LONGEST_TEXT = 65_536
MOST_ITEMS = 100_000


class Body(BaseModel):
    """The base of all bodies."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _WithBars(Body):
    symbol: Symbol
    ohlcv_data: Bars | None = Field(
        default=None,
        description="Bars, the oldest first. Without it, the newest known bars of the symbol.",
    )
    times: Times | None = Field(
        default=None, description="The end of each bar, with its time zone; its age needs it."
    )
    as_of: AwareDatetime | None = Field(
        default=None, description="The time of the decision; the clock's time if it is absent."
    )


class _WithConfidence(Body):
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Below this confidence there is no forecast, only the numbers."
    )


class PriceBody(_WithBars, _WithConfidence):
    """Bars of a symbol, whose next close is to be forecast."""


class SentimentBody(_WithConfidence):
    """A text that is to be rated."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class EnsembleBody(_WithBars, _WithConfidence):
    """Bars of a symbol and a news text; an empty text means that there is none."""

    news_text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""


class PriceItem(PriceBody):
    """One forecast of a batch."""

    kind: Literal["price"] = "price"


class SentimentItem(SentimentBody):
    """One rating of a batch."""

    kind: Literal["sentiment"]


class EnsembleItem(EnsembleBody):
    """One forecast with a text of a batch."""

    kind: Literal["ensemble"]


Item = PriceItem | SentimentItem | EnsembleItem


class BatchBody(Body):
    """Items of a batch. Each is checked on its own, so that one bad item fails alone.

    An item is a body of the other routes with its `kind`: price, sentiment or ensemble.
    """

    requests: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_ITEMS)]


class FeaturesBody(Body):
    """Bars of a symbol as they come; a bar that is sent again replaces the one of its time."""

    symbol: Symbol
    ohlcv_data: Bars
    times: Times
    known_at: Times | None = Field(
        default=None,
        description="When each bar became known; its end and `lag.publication` if it is absent.",
    )


class Truth(Body):
    """The close that a forecast was about, once it is there."""

    symbol: Symbol
    target_time: AwareDatetime
    close: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class TruthsBody(Body):
    """Realised closes."""

    truths: Annotated[list[Truth], Field(min_length=1, max_length=10_000)]
