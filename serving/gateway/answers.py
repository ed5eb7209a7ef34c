"""Bodies of answers, as `openapi.json` describes them; a test holds real answers to them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]


class Answer(BaseModel):
    """The base of all answers."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class ProblemAnswer(Answer):
    """A refusal (RFC 9457): `reason` is for code, `detail` is a whole sentence."""

    type: str
    title: str
    status: int
    detail: str
    reason: str
    field: str | None = None
    value: str | None = Field(default=None, alias="found")
    expected: str | None = None
    remedy: str | None = None
    request_id: str | None = None


class IntervalAnswer(Answer):
    """Bounds of the next close; `claimed` is the share of closes that they are to hold."""

    lower: float
    upper: float
    claimed: Probability
    basis: str = Field(description="`model`, or `lag` if missing bars have widened it.")


class FreshnessAnswer(Answer):
    """The age of the newest bar that was used."""

    freshness: Literal["fresh", "stale", "expired", "unknown"]
    feature_lag_seconds: float | None = Field(description="null if the bars have no times.")
    missing_bars: int


class Predicted(Answer):
    """The parts that all predictions share."""

    prediction_id: str
    model: str
    model_version: str
    confidence: Probability
    forecast: bool = Field(description="false if the confidence is below `min_confidence`.")
    min_confidence: Probability | None
    as_of: str
    cached: bool


class PriceAnswer(Predicted, FreshnessAnswer):
    """The next close of a symbol."""

    symbol: str
    predicted_price: float | None = Field(description="null if there is no forecast.")
    change: float | None = Field(description="The forecast divided by the last close.")
    last_close: float
    interval: IntervalAnswer


class SentimentAnswer(Predicted):
    """The rating of a text, from -1 to 1."""

    sentiment: float | None


class EnsembleAnswer(Predicted, FreshnessAnswer):
    """The next close of a symbol with a text taken into account."""

    symbol: str
    final_prediction: float | None
    change: float | None
    last_close: float
    price_component: float | None
    sentiment_component: float | None


class BatchRow(Answer):
    """One item's prediction, or the problem that it alone has."""

    result: PriceAnswer | SentimentAnswer | EnsembleAnswer | None = None
    problem: ProblemAnswer | None = None


class BatchAnswer(Answer):
    """Rows in the order of the items."""

    results: list[BatchRow]
    total: int
    succeeded: int
    failed: int


class NumberedRow(BatchRow):
    """The row of an item by its place in the request, from 0 on."""

    row: int


class BatchState(Answer):
    """A batch in the background, and those of its rows that are asked for and answered."""

    batch_id: str
    state: Literal["waiting", "running", "done"]
    total: int
    answered: int
    succeeded: int
    failed: int
    created_at: str
    expires_at: str
    results: list[NumberedRow]


class ModelState(Answer):
    """A model behind a route."""

    name: str
    routes: list[str]
    state: Literal["ready", "not_ready", "switched_off"]
    versions: list[str]
    answered_lately: list[str]
    problems: list[str]


class ModelsAnswer(Answer):
    """All models of the routes."""

    models: list[ModelState]


class TensorAnswer(Answer):
    """A tensor as Triton declares it; -1 is any length."""

    name: str
    datatype: str
    shape: list[int]


class MetadataAnswer(Answer):
    """The tensors and versions of a served model."""

    name: str
    platform: str
    versions: list[str]
    max_batch_size: int
    inputs: list[TensorAnswer]
    outputs: list[TensorAnswer]


class VersionsAnswer(Answer):
    """The versions that Triton serves, and those that answered within 30 s."""

    name: str
    versions: list[str]
    answered_lately: list[str]


class HealthAnswer(Answer):
    """The process lives."""

    status: Literal["healthy"]
    version: str
    environment: str
    uptime_seconds: float
    models: dict[str, str]


class ReadyAnswer(Answer):
    """Every route's model answers, and its tensors fit the route; else `problems` say why not."""

    ready: bool
    routes: dict[str, str]
    problems: list[str]


class FeaturesStored(Answer):
    """The bars that are now known of a symbol."""

    symbol: str
    accepted: int
    bars: int
    newest: str


class FeaturesAnswer(Answer):
    """The newest known bars of a symbol."""

    symbol: str
    times: list[str]
    known_at: list[str]
    ohlcv_data: list[list[float]]


class Accepted(Answer):
    """The number of accepted values; they are written in the background."""

    accepted: int


class RecordAnswer(BaseModel):
    """The record of a prediction, as the outbox wrote it."""

    model_config = ConfigDict(extra="allow")

    prediction_id: str


class FiguresAnswer(BaseModel):
    """Counts, rates and latencies of the last `monitoring.metrics_window`."""

    model_config = ConfigDict(extra="allow")

    total_requests: int
    successful_requests: int
    failed_requests: int
    requests_per_second: float
    window_seconds: float
    series: list[dict[str, Any]]
