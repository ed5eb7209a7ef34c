"""Predictions: from a checked body to the body of the answer, with cache, age and record."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import orjson

from model_builders.features.failure import FeatureError
from serving.client.errors import TritonError
from serving.gateway.answer_cache import Fresh, Lookup
from serving.gateway.cache_key import Asked, cache_key
from serving.gateway.call import Call, Parts
from serving.gateway.forecast_problems import check_finite, no_bars, no_interval
from serving.gateway.interval import Interval, less_confident
from serving.gateway.lag import Age, Freshness, OnStale, Tolerance
from serving.gateway.model_problems import of_triton, version_not_served
from serving.gateway.problems import Problem, Reason, RefusedError, of_features, of_field
from serving.gateway.record_folder import new_prediction_id
from serving.gateway.requests import EnsembleBody, PriceBody, SentimentBody
from serving.gateway.windows import Window, decision, timed, untimed, window
from serving.records import CallOptions
from serving.settings import Settings
from serving.settings.triton import RouteSettings

Json = dict[str, Any]


class Predictor:
    """The three predictions. Each method raises RefusedError with the problem of its own body."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings, self._parts = settings, parts

    async def price(self, body: PriceBody, call: Call) -> Json:
        """Forecast the next close."""
        route = self._route(self._settings.routes.price, "price", call)
        seen, decided = await self._window(body, route.steps, "price")

        async def ask() -> Json:
            answer = await self._parts.client.predict_price(
                body.symbol, seen.ohlcv, self._options(call)
            )
            bounds = answer.change_interval
            return {
                "change": answer.change,
                "bounds": [bounds.lower, bounds.upper, bounds.claimed],
                "version": answer.answered_by.version,
            }

        made = await self._made("price", call, seen.age, (seen.ohlcv,), ask)
        factor, missing = self._settings.lag.widening, seen.age.missing_bars
        low, high, claimed = made["bounds"]
        interval = Interval(made["change"], low, high)
        if not interval.is_valid:
            raise RefusedError(no_interval(call, interval))
        interval = interval.widened(missing, factor)
        last = float(seen.ohlcv[-1, 3])
        answer = self._answer(body, call, decided, interval.confidence)
        forecast = answer["forecast"]
        answer |= {
            "symbol": body.symbol,
            "predicted_price": last * interval.change if forecast else None,
            "change": interval.change if forecast else None,
            "last_close": last,
            "interval": {
                "lower": last * interval.low,
                "upper": last * interval.high,
                "claimed": claimed,
                "basis": "lag" if missing else "model",
            },
            **_age(seen.age),
        }
        self._record("price", answer, call, {"ohlcv": seen.ohlcv})
        return answer

    async def sentiment(self, body: SentimentBody, call: Call) -> Json:
        """Rate a text."""
        self._route(self._settings.routes.sentiment, "sentiment", call)

        async def ask() -> Json:
            answer = await self._parts.client.analyze_sentiment(body.text, self._options(call))
            return {
                "sentiment": answer.sentiment,
                "confidence": answer.confidence,
                "version": answer.answered_by.version,
            }

        made = await self._made("sentiment", call, None, (body.text,), ask)
        answer = self._answer(body, call, self._parts.now(), made["confidence"])
        answer["sentiment"] = made["sentiment"] if answer["forecast"] else None
        self._record("sentiment", answer, call, {"text": body.text})
        return answer

    async def ensemble(self, body: EnsembleBody, call: Call) -> Json:
        """Forecast the next close with a text taken into account."""
        route = self._route(self._settings.routes.ensemble, "ensemble", call)
        seen, decided = await self._window(body, route.steps, "ensemble")

        async def ask() -> Json:
            answer = await self._parts.client.ensemble_predict(
                body.symbol, seen.ohlcv, body.news_text, self._options(call)
            )
            price = answer.price_component
            return {
                "change": answer.change,
                "confidence": answer.confidence,
                "price": None if price is None else price / answer.last_close,
                "sentiment": answer.sentiment_component,
                "version": answer.answered_by.version,
            }

        inputs = (seen.ohlcv, body.news_text)
        made = await self._made("ensemble", call, seen.age, inputs, ask)
        missing = seen.age.missing_bars
        sure = less_confident(made["confidence"], missing, self._settings.lag.widening)
        last = float(seen.ohlcv[-1, 3])
        answer = self._answer(body, call, decided, sure)
        forecast = answer["forecast"]
        answer |= {
            "symbol": body.symbol,
            "final_prediction": last * made["change"] if forecast else None,
            "change": made["change"] if forecast else None,
            "last_close": last,
            "price_component": None if made["price"] is None else last * made["price"],
            "sentiment_component": made["sentiment"],
            **_age(seen.age),
        }
        given = {"ohlcv": seen.ohlcv, "text": body.news_text}
        self._record("ensemble", answer, call, given)
        return answer

    def _route(self, route: Any, name: str, call: Call) -> Any:
        if route is None:
            raise RefusedError(
                Problem(
                    Reason.NOT_FOUND,
                    f"routes.{name} is null, so this gateway does not offer it; set it",
                    remedy=f"set routes.{name}",
                )
            )
        assert isinstance(route, RouteSettings)
        call.model = route.model
        self._parts.switch.check(route.model)
        return route

    def _options(self, call: Call) -> CallOptions:
        return CallOptions(
            version=call.version, request_id=call.request_id, headers=dict(call.trace)
        )

    async def _window(
        self, body: PriceBody | EnsembleBody, steps: int, name: str
    ) -> tuple[Window, datetime]:
        decided = decision(body.as_of, self._parts.now())
        lag = self._settings.lag
        second = np.timedelta64(1, "s")
        published = np.timedelta64(round(lag.publication * 1000), "ms")
        stale = getattr(lag.stale, name)
        limits = Tolerance(
            lag.cadence * second, published, lag.grace * second, lag.limit * second, OnStale(stale)
        )
        if body.ohlcv_data is None:
            if body.times is not None:
                raise RefusedError(
                    of_field(
                        Reason.MISSING_FIELD, "ohlcv_data", "times without bars", "both or"
                        " neither", "send the bars too",
                    )
                )  # fmt: skip
            bars = await self._parts.features.newest(body.symbol)
            if bars is None:
                raise RefusedError(no_bars(body.symbol))
        elif body.times is None:
            return untimed(body.ohlcv_data, steps), decided
        else:
            bars = timed(body.ohlcv_data, body.times, None, published)
        return window(bars, decided, steps, limits, self._parts.calendar), decided

    async def _made(
        self,
        route: str,
        call: Call,
        age: Age | None,
        inputs: tuple[Any, ...],
        ask: Callable[[], Awaitable[Json]],
    ) -> Json:
        """Return the model's own numbers, from the cache or from a call."""
        versions = self._parts.versions
        version = call.version or versions.only(call.model)
        usable = age is None or age.freshness != Freshness.STALE
        settled = version is not None and versions.recent(call.model) in ([version], [])
        key = cache_key(Asked(route, call.model, version or ""), *inputs)

        async def make() -> Fresh:
            numbers = await self._asked(call, ask)
            served = str(numbers["version"])
            versions.saw(call.model, served)
            if call.version and served != call.version:
                raise RefusedError(version_not_served(call.model, call.version, served))
            return Fresh(orjson.dumps(numbers), versions.only(call.model) == served == version)

        value, call.lookup = await self._parts.cache.answer(
            key if usable and settled else None, make
        )
        numbers: Json = orjson.loads(value)
        call.served_version, call.age = str(numbers["version"]), age
        return numbers

    async def _asked(self, call: Call, ask: Callable[[], Awaitable[Json]]) -> Json:
        try:
            with self._parts.slots.use(call.model):
                numbers = await ask()
        except FeatureError as error:
            field = "ohlcv_data" if "ohlcv" in str(error) or "close" in str(error) else "text"
            raise RefusedError(of_features(error, field)) from None
        except TritonError as error:
            raise RefusedError(of_triton(error)) from None
        check_finite(call, numbers)
        return numbers

    def _answer(self, body: Any, call: Call, decided: datetime, confidence: float) -> Json:
        least = body.min_confidence
        if least is None:
            least = self._settings.confidence.minimum or None
        call.confidence = confidence
        return {
            "prediction_id": new_prediction_id(self._parts.now()),
            "model": call.model,
            "model_version": call.served_version,
            "confidence": confidence,
            "forecast": least is None or confidence >= least,
            "min_confidence": least,
            "as_of": decided.isoformat(),
            "cached": call.lookup in (Lookup.HIT, Lookup.SHARED),
        }

    def _record(self, route: str, answer: Json, call: Call, given: Mapping[str, Any]) -> None:
        """Put a record of a prediction, with what the model was given or only its hash."""
        if self._parts.outbox is None:
            return
        features: Json = {"features_sha256": cache_key(Asked("", "", ""), *given.values())}
        if self._settings.outbox.features == "full":
            features["features"] = {
                name: each.tolist() if isinstance(each, np.ndarray) else each
                for name, each in given.items()
            }
        self._parts.outbox.put(
            {
                "type": "prediction",
                "environment": self._settings.environment,
                "route": route,
                "request_id": call.request_id,
                **features,
                **answer,
            }
        )


def _age(age: Age) -> Json:
    return {
        "freshness": age.freshness.value,
        "feature_lag_seconds": age.seconds,
        "missing_bars": age.missing_bars,
    }
