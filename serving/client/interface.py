"""The interface of a client of predictions, which gRPC, HTTP and a test's client all meet."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from serving.records import (
    Array,
    CallOptions,
    EnsemblePrediction,
    InferAnswer,
    ModelMetadata,
    PricePrediction,
    PriceQuestion,
    RowProblem,
    SentimentPrediction,
    ServerMetrics,
)

DEFAULT_OPTIONS = CallOptions()


class PredictionClient(Protocol):
    """Calls to served models by the names of their routes or of the models themselves.

    All calls raise TritonError if there is no answer. Those that read bars or texts raise
    FeatureError for bad ones, before anything is sent. A cancelled call is cancelled in Triton too.
    """

    @property
    def retried(self) -> int:
        """Return the attempts after the first ones, of all calls so far."""
        ...

    async def predict_price(
        self, symbol: str, ohlcv: Array, options: CallOptions = DEFAULT_OPTIONS
    ) -> PricePrediction:
        """Forecast the next close from bars [n, 5], the oldest first; the newest 60 are sent."""
        ...

    async def analyze_sentiment(
        self, text: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> SentimentPrediction:
        """Rate a text from -1 to 1."""
        ...

    async def ensemble_predict(
        self, symbol: str, ohlcv: Array, news_text: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> EnsemblePrediction:
        """Forecast the next close from bars and a text (empty: none) with one request."""
        ...

    async def batch_predict_prices(
        self, questions: Sequence[PriceQuestion], options: CallOptions = DEFAULT_OPTIONS
    ) -> tuple[PricePrediction | RowProblem, ...]:
        """Forecast many closes, in order; a bad row is a RowProblem, and fails alone.

        Requests are cut into the model's largest batch. TritonError only if no row has an answer.
        """
        ...

    async def infer(
        self,
        model: str,
        inputs: Mapping[str, Array],
        outputs: Sequence[str] = (),
        options: CallOptions = DEFAULT_OPTIONS,
    ) -> InferAnswer:
        """Send named arrays to a model, and return the named outputs, or all."""
        ...

    async def get_model_metadata(
        self, model: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> ModelMetadata:
        """Return the tensors and the served versions of a model; raises if it is not ready."""
        ...

    async def get_server_metrics(self) -> ServerMetrics:
        """Return the counters of all targets; one that is away is named, and not an error."""
        ...

    async def close(self) -> None:
        """Cancel what runs and close all connections; a second call does nothing."""
        ...
