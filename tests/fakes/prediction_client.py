"""A client of predictions that answers by arithmetic, and fails as a test says.

tests/integration/serving/test_client_contract.py holds it to what the real client does.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from model_builders.features.failure import FeatureError
from serving.client.errors import ClientReason, Place, TritonError
from serving.client.forecasts import window_of
from serving.client.interface import DEFAULT_OPTIONS
from serving.records import (
    Answerer,
    Array,
    CallOptions,
    EnsemblePrediction,
    InferAnswer,
    Interval,
    ModelMetadata,
    PricePrediction,
    PriceQuestion,
    RowProblem,
    SentimentPrediction,
    ServerMetrics,
    TensorMetadata,
    Timings,
)
from serving.settings.triton import EnsembleRouteSettings, PriceRouteSettings

TIMINGS = Timings(0.001)
_PRICE, _ENSEMBLE = PriceRouteSettings(), EnsembleRouteSettings()
_BY_ROUTE = {
    "price": "lstm_price_predictor",
    "sentiment": "sentiment_transformer",
    "ensemble": "ensemble_predictor",
}


def _tensors(*rows: tuple[str, str, tuple[int, ...]]) -> tuple[TensorMetadata, ...]:
    return tuple(TensorMetadata(*row) for row in rows)


METADATA = {
    "lstm_price_predictor": ModelMetadata(
        "lstm_price_predictor", ("3",), "pytorch",
        _tensors(("ohlcv", "FP32", (-1, 60, 5))),
        _tensors(("OUTPUT__0", "FP32", (-1, 1)), ("OUTPUT__1", "FP32", (-1, 2))), 32,
    ),
    "sentiment_transformer": ModelMetadata(
        "sentiment_transformer", ("3",), "onnx",
        _tensors(("input_ids", "INT64", (-1, -1)), ("attention_mask", "INT64", (-1, -1))),
        _tensors(("score__0", "FP32", (-1, 1)), ("confidence__1", "FP32", (-1, 1))), 16,
    ),
    "ensemble_predictor": ModelMetadata(
        "ensemble_predictor", ("3",), "ensemble",
        _tensors(("ohlcv", "FP64", (-1, -1, 5)), ("text", "BYTES", (-1, 1))),
        _tensors(
            ("price", "FP32", (-1, 1)), ("score", "FP32", (-1, 1)),
            ("confidence", "FP32", (-1, 1)), ("problem", "BYTES", (-1, 1)),
        ), 16,
    ),
}  # fmt: skip


@dataclass
class FakePredictionClient:
    """`change` and its bounds for every price; all calls raise `failure` if there is one."""

    change: float = 1.01
    low: float = 0.99
    high: float = 1.03
    version: str = "3"
    failure: TritonError | None = None
    seconds: float = 0.0
    metadata: dict[str, ModelMetadata] = field(default_factory=lambda: dict(METADATA))
    calls: list[tuple[str, CallOptions]] = field(default_factory=list)
    cancelled: int = 0
    retried: int = 0
    closed: bool = False

    async def predict_price(
        self, symbol: str, ohlcv: Array, options: CallOptions = DEFAULT_OPTIONS
    ) -> PricePrediction:
        window = window_of(_PRICE, ohlcv)
        await self._called("price", options)
        last = float(window[-1, 3])
        bounds = Interval(self.low, self.high)
        money = Interval(last * self.low, last * self.high)
        return PricePrediction(
            symbol, last * self.change, money, 0.8, self.change, bounds, last,
            self._answerer("lstm_price_predictor"), TIMINGS,
        )  # fmt: skip

    async def analyze_sentiment(
        self, text: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> SentimentPrediction:
        await self._called("sentiment", options)
        answerer = self._answerer("sentiment_transformer")
        return SentimentPrediction(0.5, 0.75, answerer, TIMINGS)

    async def ensemble_predict(
        self, symbol: str, ohlcv: Array, news_text: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> EnsemblePrediction:
        window = window_of(_ENSEMBLE, ohlcv)
        await self._called("ensemble", options)
        last = float(window[-1, 3])
        return EnsemblePrediction(
            symbol, last * self.change, 0.8413447, self.change, last, None,
            0.5 if news_text else None, self._answerer("ensemble_predictor"), TIMINGS,
        )  # fmt: skip

    async def batch_predict_prices(
        self, questions: Sequence[PriceQuestion], options: CallOptions = DEFAULT_OPTIONS
    ) -> tuple[PricePrediction | RowProblem, ...]:
        answers: list[PricePrediction | RowProblem] = []
        for question in questions:
            try:
                answers.append(await self.predict_price(question.symbol, question.ohlcv, options))
            except FeatureError as error:
                answers.append(RowProblem(error.reason, str(error)))
        return tuple(answers)

    async def infer(
        self,
        model: str,
        inputs: Mapping[str, Array],
        outputs: Sequence[str] = (),
        options: CallOptions = DEFAULT_OPTIONS,
    ) -> InferAnswer:
        self._check_model(model)
        await self._called(model, options)
        return InferAnswer(inputs, self._answerer(model), TIMINGS)

    async def get_model_metadata(
        self, model: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> ModelMetadata:
        self._check_model(model)
        await self._called("metadata", options)
        return self.metadata[_BY_ROUTE.get(model, model)]

    async def get_server_metrics(self) -> ServerMetrics:
        return ServerMetrics(())

    async def close(self) -> None:
        self.closed = True

    def count(self, kind: str) -> int:
        return sum(name == kind for name, _ in self.calls)

    def _answerer(self, model: str) -> Answerer:
        return Answerer(model, self.version)

    def _check_model(self, model: str) -> None:
        if _BY_ROUTE.get(model, model) not in self.metadata:
            place, remedy = Place(model), "add it to routes.others"
            raise TritonError(ClientReason.MODEL_NOT_FOUND, place, "no route", remedy)

    async def _called(self, kind: str, options: CallOptions) -> None:
        if self.closed:
            raise TritonError(ClientReason.CLIENT_CLOSED, Place(kind), "closed", "make a new one")
        self.calls.append((kind, options))
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failure is not None:
            raise self.failure
        if options.version not in ("", self.version):
            place = Place(_BY_ROUTE.get(kind, kind), options.version)
            raise TritonError(ClientReason.VERSION_NOT_SERVED, place, "gone", "leave it out")
