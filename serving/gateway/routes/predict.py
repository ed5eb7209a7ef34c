"""Predictions: one, many, and by a version that the caller names."""

import asyncio
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from serving.gateway.answers import (
    BatchAnswer,
    EnsembleAnswer,
    PriceAnswer,
    ProblemAnswer,
    SentimentAnswer,
)
from serving.gateway.bodies import read, schema_of
from serving.gateway.call import Call
from serving.gateway.items import count
from serving.gateway.problems import MEDIA_TYPE, Problem, Reason, RefusedError, of_field
from serving.gateway.program import Gateway
from serving.gateway.requests import (
    BatchBody,
    EnsembleBody,
    PriceBody,
    SentimentBody,
)

router = APIRouter(prefix="/api/v1", tags=["predictions"])
Kind = Literal["price", "sentiment", "ensemble"]
ModelName = Annotated[str, Path(min_length=1, max_length=253)]
Version = Annotated[str, Path(pattern=r"^[1-9][0-9]{0,18}$")]
_AT_ONCE = 32
_BODIES: dict[str, type[BaseModel]] = {
    "price": PriceBody,
    "sentiment": SentimentBody,
    "ensemble": EnsembleBody,
}


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI of refusals with these codes, and of those that each route has."""
    schema = {"$ref": f"#/components/schemas/{ProblemAnswer.__name__}"}
    return {
        code: {"description": "Problem", "content": {MEDIA_TYPE: {"schema": schema}}}
        for code in sorted({401, 403, 429, 503, *codes})
    }


PREDICTING = problems(400, 404, 409, 413, 415, 422, 502, 503, 504)


def json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


@router.post(
    "/predict/price",
    responses={200: {"model": PriceAnswer}, **PREDICTING},
    openapi_extra=schema_of(PriceBody),
)
async def predict_price(request: Request) -> Response:
    """Forecast the next close of a symbol."""
    return await _one(request, "price", await read(request, PriceBody))


@router.post(
    "/predict/sentiment",
    responses={200: {"model": SentimentAnswer}, **PREDICTING},
    openapi_extra=schema_of(SentimentBody),
)
async def predict_sentiment(request: Request) -> Response:
    """Rate a text from -1 to 1."""
    return await _one(request, "sentiment", await read(request, SentimentBody))


@router.post(
    "/predict/ensemble",
    responses={200: {"model": EnsembleAnswer}, **PREDICTING},
    openapi_extra=schema_of(EnsembleBody),
)
async def predict_ensemble(request: Request) -> Response:
    """Forecast the next close of a symbol with a text taken into account."""
    return await _one(request, "ensemble", await read(request, EnsembleBody))


@router.post(
    "/predict/batch",
    responses={200: {"model": BatchAnswer}, **problems(400, 413, 415, 422, 503)},
    openapi_extra=schema_of(BatchBody),
)
async def predict_batch(request: Request) -> Response:
    """Answer many items in order; an item that cannot be answered has a problem of its own."""
    gateway: Gateway = request.app.state.gateway
    body = await read(request, BatchBody)
    most = gateway.settings.inference.batch_size
    if len(body.requests) > most:
        raise RefusedError(
            of_field(
                Reason.BATCH_TOO_LARGE, "requests", f"{len(body.requests)} items",
                f"{most} at most (inference.batch_size)", "send it in parts",
            )
        )  # fmt: skip
    places = asyncio.Semaphore(_AT_ONCE)
    visit = request.state.visit

    async def row(at: int, item: dict[str, Any]) -> dict[str, Any]:
        call = Call(request_id=f"{visit.request_id}-{at}", trace=visit.call.trace)
        async with places:
            try:
                return {"result": await gateway.items.answer(item, call)}
            except RefusedError as refused:
                problem = refused.problem.below(f"requests[{at}]")
                return {"problem": problem.body(call.request_id)}

    rows = await asyncio.gather(*(row(at, item) for at, item in enumerate(body.requests)))
    failed = sum("problem" in each for each in rows)
    total = len(rows)
    counts = {"total": total, "succeeded": total - failed, "failed": failed}
    return json({"results": rows, **counts})


@router.post(
    "/models/{model_name}/versions/{version}/predict/{kind}",
    responses={
        200: {"model": PriceAnswer | SentimentAnswer | EnsembleAnswer},
        **PREDICTING,
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "anyOf": [
                            {"$ref": f"#/components/schemas/{kind.__name__}"}
                            for kind in _BODIES.values()
                        ]
                    }
                }
            },
        }
    },
)
async def predict_by_version(
    request: Request, model_name: ModelName, version: Version, kind: Kind
) -> Response:
    """Predict by that version of the model, or answer 409."""
    gateway: Gateway = request.app.state.gateway
    route = getattr(gateway.settings.routes, kind)
    if route is None or route.model != model_name:
        raise RefusedError(
            Problem(
                Reason.UNKNOWN_MODEL,
                f"model_name: found {model_name[:80]}, expected"
                f" {route.model if route else 'none'}, the model of routes.{kind}; use its name",
                "model_name",
                remedy="use the name of the route's model",
            )
        )
    body = await read(request, _BODIES[kind])
    return await _one(request, kind, body, version)


async def _one(request: Request, kind: Kind, body: Any, version: str = "") -> Response:
    gateway: Gateway = request.app.state.gateway
    call = request.state.visit.call
    call.version = version
    answer = await getattr(gateway.predictor, kind)(body, call)
    count(gateway.telemetry, kind, call)
    return json(answer)
