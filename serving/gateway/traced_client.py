"""A client of predictions with a span for each call to Triton, whose context Triton gets."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from model_builders.features.failure import FeatureError
from serving.client.errors import TritonError
from serving.client.interface import DEFAULT_OPTIONS, PredictionClient
from serving.gateway.tracing import Spans
from serving.records import (
    Answerer,
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
    Timings,
)

_INFER, _METADATA = "triton infer", "triton metadata"


@dataclass(slots=True)
class _TracedCall:
    """A call to Triton: the options that it gets, and what its span tells of the answer."""

    options: CallOptions
    attributes: dict[str, str | int | None] = field(default_factory=dict)

    def answered(self, by: Answerer, timings: Timings) -> None:
        self.attributes |= {
            "inference.model": by.model,
            "inference.model_version": by.version,
            "inference.attempts": timings.attempts,
        }


class TracedClient:
    """Another client, with spans; see `serving.client.interface.PredictionClient`.

    The headers of a call tell the trace that it belongs to. A call without them has no span: it
    belongs to no request.
    """

    def __init__(self, client: PredictionClient, spans: Spans) -> None:
        self._client, self._spans = client, spans

    @property
    def retried(self) -> int:
        return self._client.retried

    async def predict_price(
        self, symbol: str, ohlcv: Array, options: CallOptions = DEFAULT_OPTIONS
    ) -> PricePrediction:
        with self._call(_INFER, options) as call:
            answer = await self._client.predict_price(symbol, ohlcv, call.options)
            call.answered(answer.answered_by, answer.timings)
            return answer

    async def analyze_sentiment(
        self, text: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> SentimentPrediction:
        with self._call(_INFER, options) as call:
            answer = await self._client.analyze_sentiment(text, call.options)
            call.answered(answer.answered_by, answer.timings)
            return answer

    async def ensemble_predict(
        self, symbol: str, ohlcv: Array, news_text: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> EnsemblePrediction:
        with self._call(_INFER, options) as call:
            answer = await self._client.ensemble_predict(symbol, ohlcv, news_text, call.options)
            call.answered(answer.answered_by, answer.timings)
            return answer

    async def batch_predict_prices(
        self, questions: Sequence[PriceQuestion], options: CallOptions = DEFAULT_OPTIONS
    ) -> tuple[PricePrediction | RowProblem, ...]:
        with self._call(_INFER, options) as call:
            return await self._client.batch_predict_prices(questions, call.options)

    async def infer(
        self,
        model: str,
        inputs: Mapping[str, Array],
        outputs: Sequence[str] = (),
        options: CallOptions = DEFAULT_OPTIONS,
    ) -> InferAnswer:
        with self._call(_INFER, options) as call:
            answer = await self._client.infer(model, inputs, outputs, call.options)
            call.answered(answer.answered_by, answer.timings)
            return answer

    async def get_model_metadata(
        self, model: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> ModelMetadata:
        with self._call(_METADATA, options) as call:
            metadata = await self._client.get_model_metadata(model, call.options)
            call.attributes["inference.model"] = metadata.name
            return metadata

    async def get_server_metrics(self) -> ServerMetrics:
        return await self._client.get_server_metrics()

    async def close(self) -> None:
        await self._client.close()

    @contextmanager
    def _call(self, name: str, options: CallOptions) -> Iterator[_TracedCall]:
        """Yield a call within a span; its errors are told by their reason, never by their text."""
        if not options.headers:
            yield _TracedCall(options)
            return
        span = self._spans.call(name, options.headers)
        call = _TracedCall(replace(options, headers={**options.headers, **span.headers}))
        is_sent = True
        problem: str | None = None
        try:
            yield call
        except FeatureError:
            # A span that does not end is sent to nobody.
            is_sent = False
            raise
        except TritonError as error:
            call.attributes["inference.model"] = error.place.model
            problem = error.reason.value
            raise
        except BaseException as error:
            problem = type(error).__name__
            raise
        finally:
            if is_sent:
                span.end({**call.attributes, "error.type": problem}, failed=problem is not None)
