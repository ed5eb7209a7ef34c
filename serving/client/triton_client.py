"""Client of predictions, over gRPC or HTTP as each target says."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from model_builders.features.failure import FeatureError
from serving.client import forecasts
from serving.client.attempts import Attempts
from serving.client.errors import ClientReason, Place, TritonError
from serving.client.grpc_transport import GrpcTransport
from serving.client.http_transport import HttpTransport
from serving.client.interface import DEFAULT_OPTIONS
from serving.client.tensors import check_types, outputs_of
from serving.client.texts import Texts
from serving.client.transport import RawAnswer, Transport
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
from serving.settings.triton import (
    EnsembleRouteSettings,
    PriceRouteSettings,
    RouteSettings,
    SentimentRouteSettings,
    ServingSettings,
    TritonSettings,
)

Answer = TypeVar("Answer")
_METADATA_SECONDS = 2.0


class TritonPredictionClient:
    """Calls to the models of the settings; see `serving.client.interface.PredictionClient`.

    Make it within a running event loop, and `close` it there.
    """

    def __init__(self, settings: ServingSettings) -> None:
        triton = settings.triton
        self._settings = settings
        self._transports = {name: _transport(name, triton) for name in triton.targets}
        self._attempts = {name: Attempts.of(triton) for name in triton.targets}
        self._texts = Texts()
        self._batches: dict[str, int] = {}
        self._is_closed = False

    @property
    def retried(self) -> int:
        """Attempts after the first ones, of all calls."""
        return sum(each.retried for each in self._attempts.values())

    async def predict_price(
        self, symbol: str, ohlcv: Array, options: CallOptions = DEFAULT_OPTIONS
    ) -> PricePrediction:
        """Forecast the next close from bars [n, 5], the oldest first; the newest are sent."""
        route = _offered(self._settings.routes.price, "price")
        window = forecasts.window_of(route, ohlcv)
        bars = {route.bars: window[None].astype(np.float32)}
        outputs, answered, place = await self._ask(route, bars, options)
        bounds = forecasts.bounds_of(route, outputs, 0, place)
        return forecasts.price_of(symbol, window, bounds, answered)

    async def analyze_sentiment(
        self, text: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> SentimentPrediction:
        """Rate a text from -1 to 1."""
        route = _offered(self._settings.routes.sentiment, "sentiment")
        outputs, answered, place = await self._ask(route, self._texts.tensors(route, text), options)
        return forecasts.sentiment_of(route, outputs, answered, place)

    async def ensemble_predict(
        self, symbol: str, ohlcv: Array, news_text: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> EnsemblePrediction:
        """Forecast the next close from bars and a text (empty: none) with one request."""
        route = _offered(self._settings.routes.ensemble, "ensemble")
        window = forecasts.window_of(route, ohlcv)
        words = np.array([[news_text.encode()]], dtype=np.object_)
        arrays = {route.bars: window[None], route.text: words}
        outputs, answered, place = await self._ask(route, arrays, options)
        asked = (symbol, window, news_text)
        return forecasts.ensemble_of(route, asked, outputs, answered, place)

    async def batch_predict_prices(
        self, questions: Sequence[PriceQuestion], options: CallOptions = DEFAULT_OPTIONS
    ) -> tuple[PricePrediction | RowProblem, ...]:
        """Forecast many closes, in order; a bad row is a RowProblem, and fails alone."""
        route = _offered(self._settings.routes.price, "price")
        answers: list[PricePrediction | RowProblem | None] = [None] * len(questions)
        rows: list[tuple[int, Array]] = []
        for place, question in enumerate(questions):
            try:
                rows.append((place, forecasts.window_of(route, question.ohlcv)))
            except FeatureError as error:
                answers[place] = RowProblem(error.reason, str(error))
        size = await self._batch_of(route, options) if rows else 1
        parts = [rows[begin : begin + size] for begin in range(0, len(rows), size)]
        sent = [self._part(route, part, questions, options) for part in parts]
        failures = []
        for part, result in zip(parts, await _all(sent), strict=True):
            if isinstance(result, TritonError):
                failures.append(result)
            for (place, _), answer in zip(part, _rows_of(result, len(part)), strict=True):
                answers[place] = answer
        if failures and len(failures) == len(parts) and len(rows) == len(questions):
            raise failures[0]
        return tuple(answer for answer in answers if answer is not None)

    async def infer(
        self,
        model: str,
        inputs: Mapping[str, Array],
        outputs: Sequence[str] = (),
        options: CallOptions = DEFAULT_OPTIONS,
    ) -> InferAnswer:
        """Send named arrays to a model, and return the named outputs, or all."""
        route = self._route(model)
        made, answered, _ = await self._ask(route, inputs, options, tuple(outputs))
        return InferAnswer(made, *answered)

    async def get_model_metadata(
        self, model: str, options: CallOptions = DEFAULT_OPTIONS
    ) -> ModelMetadata:
        """Return the tensors and the served versions of a model; raises if it is not ready."""
        route, version = self._route(model), options.version
        transport, place = (
            self._transports[route.target],
            Place(route.model, version, "", route.target),
        )

        async def send(left: float) -> ModelMetadata:
            return await transport.metadata(route.model, version, left)

        metadata, _ = await self._call(route.target, place, options.timeout, send)
        return metadata

    async def get_server_metrics(self) -> ServerMetrics:
        """Return the counters of all targets; one that is away is named, and not an error."""
        models, silent = [], []
        for name, transport in self._transports.items():
            place = Place("any", target=name)
            send = partial(transport.statistics, name)
            try:
                counted, _ = await self._call(name, place, _METADATA_SECONDS, send)
            except TritonError as error:
                silent.append((name, str(error)))
            else:
                models += counted
        return ServerMetrics(tuple(models), (), tuple(silent))

    async def close(self) -> None:
        """Cancel what runs and close all connections; a second call does nothing."""
        if not self._is_closed:
            self._is_closed = True
            await asyncio.gather(*(each.close() for each in self._transports.values()))

    async def _part(
        self,
        route: PriceRouteSettings,
        part: list[tuple[int, Array]],
        questions: Sequence[PriceQuestion],
        options: CallOptions,
    ) -> list[PricePrediction | RowProblem]:
        windows = np.stack([window for _, window in part]).astype(np.float32)
        outputs, answered, where = await self._ask(route, {route.bars: windows}, options)
        made: list[PricePrediction | RowProblem] = []
        for row, (place, window) in enumerate(part):
            symbol = questions[place].symbol
            try:
                bounds = forecasts.bounds_of(route, outputs, row, where)
                made.append(forecasts.price_of(symbol, window, bounds, answered))
            except TritonError as error:
                made.append(RowProblem(error.reason, str(error)))
        return made

    async def _batch_of(self, route: RouteSettings, options: CallOptions) -> int:
        """Return the largest batch of a model; it is asked for once."""
        if route.model not in self._batches:
            metadata = await self.get_model_metadata(route.model, options)
            self._batches[route.model] = max(metadata.max_batch_size, 1)
        return self._batches[route.model]

    async def _ask(
        self,
        route: RouteSettings,
        arrays: Mapping[str, Array],
        options: CallOptions,
        names: tuple[str, ...] | None = None,
    ) -> tuple[dict[str, Array], tuple[Answerer, Timings], Place]:
        place = Place(route.model, options.version, "", route.target)
        check_types(arrays, place)
        transport = self._transports[route.target]

        async def send(left: float) -> RawAnswer:
            return await transport.infer(route.model, arrays, options, left)

        answer, timings = await self._call(route.target, place, options.timeout, send)
        read = forecasts.outputs_needed(route) if names is None else names
        outputs = outputs_of(answer.outputs, read, place)
        return outputs, (Answerer(route.model, answer.version), timings), place

    async def _call(
        self,
        target: str,
        place: Place,
        seconds: float | None,
        send: Callable[[float], Awaitable[Answer]],
    ) -> tuple[Answer, Timings]:
        if self._is_closed:
            raise TritonError(
                ClientReason.CLIENT_CLOSED, place, "the client was closed", "make a new one"
            )
        return await self._attempts[target].call(place, seconds, send)

    def _route(self, model: str) -> RouteSettings:
        """Return the route of a model by its own name or that of its route.

        Raises:
            TritonError: if there is none.
        """
        routes = self._settings.routes
        three = {"price": routes.price, "sentiment": routes.sentiment, "ensemble": routes.ensemble}
        offered = {**{name: each for name, each in three.items() if each}, **routes.others}
        if model in offered:
            return offered[model]
        for each in offered.values():
            if each.model == model:
                return each
        raise TritonError(
            ClientReason.MODEL_NOT_FOUND, Place(model), f"routes are {', '.join(offered)}",
            "add it to routes.others",
        )  # fmt: skip


_Route = PriceRouteSettings | SentimentRouteSettings | EnsembleRouteSettings


def _offered(route: Any, name: str) -> Any:
    if route is None:
        raise TritonError(
            ClientReason.MODEL_NOT_FOUND, Place(name), f"routes.{name} is null",
            f"set routes.{name}",
        )  # fmt: skip
    return route


def _transport(name: str, settings: TritonSettings) -> Transport:
    target = settings.targets[name]
    made = HttpTransport if target.protocol == "http" else GrpcTransport
    return made(target, settings)


def _rows_of(result: Any, rows: int) -> list[PricePrediction | RowProblem]:
    """Return the answers of a part, or its error for each row."""
    if isinstance(result, TritonError):
        return [RowProblem(result.reason, str(result))] * rows
    answers: list[PricePrediction | RowProblem] = result
    return answers


async def _all(calls: Sequence[Awaitable[Any]]) -> list[Any]:
    """Return the results of calls, or their errors."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for each in results:
        if isinstance(each, BaseException) and not isinstance(each, TritonError):
            raise each
    return results
