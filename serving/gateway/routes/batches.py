"""Batches in the background: sent, looked at while they are answered, and removed."""

from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from serving.gateway.answers import BatchState
from serving.gateway.batches.folder import FullError, Progress
from serving.gateway.bodies import read, schema_of
from serving.gateway.problems import Problem, Reason, RefusedError, of_field
from serving.gateway.program import Gateway
from serving.gateway.requests import MOST_ITEMS, BatchBody
from serving.gateway.routes.predict import json, problems

router = APIRouter(prefix="/api/v1/batches", tags=["batches"])
BatchId = Annotated[str, Path(min_length=1, max_length=64)]
First = Annotated[int, Query(ge=0, le=MOST_ITEMS)]
Count = Annotated[int, Query(ge=0, le=10_000)]
_RETRY_SECONDS = 60


@router.post(
    "",
    status_code=202,
    responses={202: {"model": BatchState}, **problems(400, 413, 415, 422, 503)},
    openapi_extra=schema_of(BatchBody),
)
async def add(request: Request) -> Response:
    """Take many items, to be answered in the background; `GET` tells how far they are."""
    gateway: Gateway = request.app.state.gateway
    body = await read(request, BatchBody)
    most = gateway.settings.batches.rows
    if len(body.requests) > most:
        raise RefusedError(
            of_field(
                Reason.BATCH_TOO_LARGE, "requests", f"{len(body.requests)} items",
                f"{most} at most (batches.rows)", "send it in parts",
            )
        )  # fmt: skip
    try:
        progress = await gateway.batches.add(body.requests)
    except FullError as full:
        raise RefusedError(
            Problem(
                Reason.TOO_MANY_BATCHES,
                f"{full}; remove one that was read, send it again later, or raise the setting",
                remedy="remove a batch that was read, send it again later, or raise the setting",
                retry_after=_RETRY_SECONDS,
            )
        ) from None
    except OSError as error:
        raise RefusedError(
            Problem(
                Reason.STORE_AWAY,
                f"storage.cache_dir: {error.strerror}, so the batch cannot be kept; make room",
                remedy="make room in storage.cache_dir",
                retry_after=_RETRY_SECONDS,
            )
        ) from None
    answer = json(_state(progress), 202)
    answer.headers["Location"] = f"{router.prefix}/{progress.name}"
    return answer


@router.get("/{batch_id}", responses={200: {"model": BatchState}, **problems(404, 422)})
async def state(
    request: Request, batch_id: BatchId, first: First = 0, count: Count = 1000
) -> Response:
    """Tell how far a batch is, with the answered ones of `count` rows from `first` on."""
    gateway: Gateway = request.app.state.gateway
    progress = await gateway.batches.progress(batch_id, first, count)
    if progress is None:
        raise RefusedError(_unknown(batch_id))
    return json(_state(progress))


@router.delete("/{batch_id}", status_code=204, responses=problems(404, 422))
async def remove(request: Request, batch_id: BatchId) -> Response:
    """Remove a batch with its answers; rows that were not asked never are."""
    gateway: Gateway = request.app.state.gateway
    if not await gateway.batches.remove(batch_id):
        raise RefusedError(_unknown(batch_id))
    return Response(status_code=204)


def _state(progress: Progress) -> dict[str, Any]:
    done = progress.answered == progress.total
    return {
        "batch_id": progress.name,
        "state": "done" if done else "running" if progress.answered else "waiting",
        "total": progress.total,
        "answered": progress.answered,
        "succeeded": progress.succeeded,
        "failed": progress.failed,
        "created_at": _when(progress.created_at),
        "expires_at": _when(progress.expires_at),
        "results": [{"row": row.number, **orjson.loads(row.content)} for row in progress.rows],
    }


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _unknown(batch_id: str) -> Problem:
    shown = "".join(sign for sign in batch_id if sign.isprintable())
    return Problem(
        Reason.UNKNOWN_BATCH,
        f"batch_id: found {shown}, which is no batch that is kept; it may be over (batches.keep)",
        "batch_id",
    )
