"""Bars and realised closes that come in, and records of predictions."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Request, Response

from serving.gateway.answers import Accepted, FeaturesAnswer, FeaturesStored, RecordAnswer
from serving.gateway.bodies import read, schema_of
from serving.gateway.problems import Problem, Reason, RefusedError
from serving.gateway.program import Gateway
from serving.gateway.requests import FeaturesBody, TruthsBody
from serving.gateway.routes.predict import json, problems
from serving.gateway.windows import timed

router = APIRouter(prefix="/api/v1", tags=["inputs"])
Symbol = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:^=-]{1,32}$")]
PredictionId = Annotated[str, Path(min_length=1, max_length=64)]


@router.post(
    "/features",
    responses={200: {"model": FeaturesStored}, **problems(400, 413, 415, 422, 503)},
    openapi_extra=schema_of(FeaturesBody),
)
async def add_features(request: Request) -> Response:
    """Keep bars of a symbol, for requests without `ohlcv_data`."""
    gateway: Gateway = request.app.state.gateway
    body = await read(request, FeaturesBody)
    published = np.timedelta64(round(gateway.settings.lag.publication * 1000), "ms")
    bars = timed(body.ohlcv_data, body.times, body.known_at, published)
    kept = await gateway.parts.features.add(body.symbol, bars)
    newest = f"{kept.times[-1]}Z"
    counts = {"accepted": len(bars.times), "bars": len(kept.times)}
    return json({"symbol": body.symbol, **counts, "newest": newest})


@router.get(
    "/features/{symbol}",
    responses={200: {"model": FeaturesAnswer}, **problems(404, 422, 503)},
)
async def newest_features(request: Request, symbol: Symbol) -> Response:
    """Give the newest known bars of a symbol."""
    gateway: Gateway = request.app.state.gateway
    bars = await gateway.parts.features.newest(symbol)
    if bars is None:
        raise RefusedError(
            Problem(
                Reason.NO_BARS,
                f"symbol: found {symbol}, of which no bars are known; send some to"
                " /api/v1/features",
                "symbol",
                symbol,
            )
        )
    times, public = ([f"{when}Z" for when in each] for each in (bars.times, bars.known_at))
    rows = bars.ohlcv.tolist()
    return json({"symbol": symbol, "times": times, "known_at": public, "ohlcv_data": rows})


@router.post(
    "/truths",
    status_code=202,
    responses={202: {"model": Accepted}, **problems(400, 413, 415, 422, 503)},
    openapi_extra=schema_of(TruthsBody),
)
async def add_truths(request: Request) -> Response:
    """Take realised closes; they are written beside the records of predictions."""
    gateway: Gateway = request.app.state.gateway
    body = await read(request, TruthsBody)
    outbox = gateway.parts.outbox
    if outbox is None:
        raise RefusedError(
            Problem(
                Reason.STORE_AWAY,
                "outbox.enabled is false, so closes cannot be kept; turn the outbox on",
                remedy="turn the outbox on",
            )
        )
    for truth in body.truths:
        outbox.put({"type": "truth", **truth.model_dump(mode="json")})
    return json({"accepted": len(body.truths)}, 202)


@router.get(
    "/predictions/{prediction_id}",
    responses={200: {"model": RecordAnswer}, **problems(404, 422)},
)
async def prediction(request: Request, prediction_id: PredictionId) -> Response:
    """Give the record of a prediction."""
    gateway: Gateway = request.app.state.gateway
    outbox = gateway.parts.outbox
    record = await outbox.find(prediction_id) if outbox is not None else None
    if record is None:
        shown = "".join(sign for sign in prediction_id if sign.isprintable())
        raise RefusedError(
            Problem(
                Reason.UNKNOWN_PREDICTION,
                f"prediction_id: found {shown}, of which no record is kept; its file may be gone",
                "prediction_id",
            )
        )
    return json(record)
