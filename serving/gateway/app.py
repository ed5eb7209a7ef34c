"""The gateway's application: its routes within the edge, and its OpenAPI."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from serving.client.interface import PredictionClient
from serving.gateway import requests as bodies
from serving.gateway.answers import ProblemAnswer
from serving.gateway.edge import INTERNAL, Edge
from serving.gateway.problems import MEDIA_TYPE, Problem, Reason, RefusedError, of_field, shown
from serving.gateway.program import Gateway, Share, assemble
from serving.gateway.routes import batches, inputs, predict, state
from serving.settings import Settings

_BODIES = (
    bodies.PriceBody,
    bodies.SentimentBody,
    bodies.EnsembleBody,
    bodies.BatchBody,
    bodies.FeaturesBody,
    bodies.TruthsBody,
)


def create_app(settings: Settings, client: PredictionClient, share: Share | None = None) -> Edge:
    """Return the application; ValueError names settings that cannot be followed."""
    gateway = assemble(settings, client, share)
    return Edge(routed(gateway), gateway.edge)


def routed(gateway: Gateway | None) -> FastAPI:
    """Return the routes; without a gateway they can only be described."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        assert gateway is not None
        await gateway.start()
        yield
        await gateway.close()

    app = FastAPI(title="Prediction gateway", version=state.VERSION, lifespan=lifespan,
                  docs_url=None, redoc_url=None)  # fmt: skip
    app.state.gateway = gateway
    began = monotonic()
    app.state.uptime = lambda: monotonic() - began
    for router in (predict.router, batches.router, state.router, inputs.router):
        app.include_router(router)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(Exception, _failed)
    app.add_exception_handler(RequestValidationError, _bad_path)
    app.add_exception_handler(HTTPException, _no_route)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """Return the description of all routes, with the bodies that they read themselves."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        kinds = [(kind, "validation") for kind in (*_BODIES, ProblemAnswer)]
        _, made = models_json_schema(kinds, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(made["$defs"])
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for path in document["paths"].values():
            for operation in path.values():
                _own_problems(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _own_problems(operation: dict[str, Any]) -> None:
    """Replace FastAPI's own description of bad parameters by ours."""
    answer = operation["responses"].get("422", {})
    reference = {"$ref": "#/components/schemas/ProblemAnswer"}
    if "HTTPValidationError" in str(answer):
        answer["content"] = {"application/problem+json": {"schema": reference}}


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return _answer(request, error.problem)


async def _failed(request: Request, _: Exception) -> Response:
    return _answer(request, INTERNAL)


async def _bad_path(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name, value = str(first["loc"][-1]), str(first["input"])
    problem = of_field(Reason.INVALID_FIELD, name, value, str(first["msg"]), "correct the path")
    return _answer(request, problem)


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reason = Reason.METHOD_NOT_ALLOWED if error.status_code == 405 else Reason.NOT_FOUND
    place = shown(f"{request.method} {request.url.path}")
    remedy = "see /openapi.json for all paths"
    problem = Problem(reason, f"{place}: {error.detail}; {remedy}", remedy=remedy)
    return _answer(request, problem, error.headers)


def _answer(request: Request, problem: Problem, more: Mapping[str, str] | None = None) -> Response:
    visit = request.state.visit
    visit.reason = problem.reason
    headers = dict(more or {})
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    content = orjson.dumps(problem.body(visit.request_id))
    return Response(content, problem.status, headers, MEDIA_TYPE)
