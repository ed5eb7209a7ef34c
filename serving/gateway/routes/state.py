"""The state of the gateway and of its models, and its figures."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from serving.client.errors import TritonError
from serving.gateway.answers import (
    FiguresAnswer,
    HealthAnswer,
    MetadataAnswer,
    ModelsAnswer,
    ReadyAnswer,
    VersionsAnswer,
)
from serving.gateway.model_problems import of_triton
from serving.gateway.problems import Problem, Reason, RefusedError
from serving.gateway.program import Gateway
from serving.gateway.readiness import routes_of
from serving.gateway.routes.predict import json, problems
from serving.records import CallOptions, ModelMetadata

router = APIRouter(tags=["state"])
ModelName = Annotated[str, Path(min_length=1, max_length=253)]
VERSION = "0.1.0"
_METADATA_SECONDS = 2.0


@router.get("/health", responses={200: {"model": HealthAnswer}})
async def health(request: Request) -> Response:
    """Tell that the process lives, with the models as they were seen last."""
    gateway: Gateway = request.app.state.gateway
    states = gateway.readiness.last
    return json(
        {
            "status": "healthy",
            "version": VERSION,
            "environment": gateway.settings.environment,
            "uptime_seconds": round(request.app.state.uptime(), 3),
            "models": {state.model: state.in_a_word for state in states.values()},
        }
    )


@router.get(
    "/ready",
    responses={
        200: {"model": ReadyAnswer},
        503: {"model": ReadyAnswer, "description": "Not ready"},
    },
)
async def ready(request: Request) -> Response:
    """Tell whether every route's model answers, with the tensors that the route uses."""
    gateway: Gateway = request.app.state.gateway
    states = await gateway.readiness.states()
    sentences = [problem for state in states.values() for problem in state.problems]
    answer = {
        "ready": not sentences,
        "routes": {name: state.in_a_word for name, state in states.items()},
        "problems": sentences,
    }
    return json(answer, 503 if sentences else 200)


@router.get("/metrics", responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Give the metrics to Prometheus."""
    gateway: Gateway = request.app.state.gateway
    return Response(await gateway.exposition(), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/v1/metrics", responses={200: {"model": FiguresAnswer}, **problems()})
async def figures(request: Request) -> Response:
    """Give counts, rates and latencies over `monitoring.metrics_window`."""
    gateway: Gateway = request.app.state.gateway
    return json(await gateway.all_figures())


@router.get("/api/v1/models", responses={200: {"model": ModelsAnswer}, **problems()})
async def models(request: Request) -> Response:
    """List the models of the routes."""
    gateway: Gateway = request.app.state.gateway
    by_model: dict[str, dict[str, Any]] = {}
    for name, state in (await gateway.readiness.states()).items():
        listed = by_model.setdefault(
            state.model,
            {
                "name": state.model,
                "routes": [],
                "state": state.in_a_word,
                "versions": list(state.metadata.versions) if state.metadata else [],
                "answered_lately": gateway.parts.versions.recent(state.model),
                "problems": [],
            },
        )
        listed["routes"].append(name)
        listed["problems"] += state.problems
    return json({"models": list(by_model.values())})


@router.get(
    "/api/v1/models/{model_name}/metadata",
    responses={200: {"model": MetadataAnswer}, **problems(404, 502, 503, 504)},
)
async def metadata(request: Request, model_name: ModelName) -> Response:
    """Give tensors and versions of a model."""
    declared = await _metadata(request, model_name)
    tensors = {
        side: [
            {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
            for tensor in getattr(declared, side)
        ]
        for side in ("inputs", "outputs")
    }
    return json(
        {
            "name": declared.name,
            "platform": declared.platform,
            "versions": list(declared.versions),
            "max_batch_size": declared.max_batch_size,
            **tensors,
        }
    )


@router.get(
    "/api/v1/models/{model_name}/versions",
    responses={200: {"model": VersionsAnswer}, **problems(404, 502, 503, 504)},
)
async def versions(request: Request, model_name: ModelName) -> Response:
    """List the versions that Triton serves, and those that answered lately."""
    gateway: Gateway = request.app.state.gateway
    declared = await _metadata(request, model_name)
    return json(
        {
            "name": model_name,
            "versions": list(declared.versions),
            "answered_lately": gateway.parts.versions.recent(model_name),
        }
    )


async def _metadata(request: Request, model_name: str) -> ModelMetadata:
    gateway: Gateway = request.app.state.gateway
    names = sorted({route.model for route in routes_of(gateway.settings.routes).values()})
    if model_name not in names:
        listed = ", ".join(names)
        raise RefusedError(
            Problem(
                Reason.UNKNOWN_MODEL,
                f"model_name: found {model_name[:80]}, expected one of {listed}; add it to"
                " routes.others to offer it",
                "model_name",
                model_name[:80],
                listed,
                "add it to routes.others to offer it",
            )
        )
    try:
        return await gateway.parts.client.get_model_metadata(
            model_name,
            CallOptions(timeout=_METADATA_SECONDS, headers=dict(request.state.visit.call.trace)),
        )
    except TritonError as error:
        raise RefusedError(of_triton(error)) from None
