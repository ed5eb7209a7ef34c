"""Bodies of requests read as types, and the problems of those that do not fit."""

import asyncio
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from serving.gateway.problems import Problem, Reason, RefusedError, of_field, shown

Kind = TypeVar("Kind", bound=BaseModel)
# Larger bodies are read in a thread: the event loop goes on.
_LARGE = 64 * 1024


async def read(request: Request, kind: type[Kind]) -> Kind:
    """Return the body as `kind`; RefusedError with the first field that is wrong."""
    body = await request.body()
    if len(body) > _LARGE:
        return await asyncio.to_thread(checked, body, kind)
    return checked(body, kind)


def checked(body: bytes, kind: type[Kind]) -> Kind:
    """Return JSON as `kind`; RefusedError with the first field that is wrong."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise RefusedError(of_validation(error)) from None


def of_validation(error: ValidationError) -> Problem:
    """Return the problem of the first field that does not fit."""
    first = error.errors(include_url=False, include_context=True)[0]
    kind, message = first["type"], first["msg"]
    if kind == "json_invalid":
        return Problem(
            Reason.BAD_BODY,
            f"body: found no JSON ({message}), expected one JSON object; look at its end and its"
            " commas",
            "body",
            message,
            "one JSON object",
            "look at its end and its commas",
        )
    path = _path(first["loc"])
    if kind == "extra_forbidden":
        return of_field(
            Reason.UNKNOWN_FIELD, path, first["input"], "a field of the API", "leave it out"
        )
    if kind == "missing":
        return of_field(Reason.MISSING_FIELD, path, "nothing", "a value", "send it")
    reason = Reason.NOT_FINITE if kind == "finite_number" else Reason.INVALID_FIELD
    expected = message.removeprefix("Input should be ").removeprefix("Value error, ")
    return of_field(reason, path, shown(_short(first["input"])), expected, "correct the value")


def schema_of(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI of an operation whose body is `kind`."""
    reference = {"$ref": f"#/components/schemas/{kind.__name__}"}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": reference}},
        }
    }


def _short(value: Any) -> str:
    if isinstance(value, str):
        return value[:200]
    return f"{len(value)} values" if isinstance(value, list | dict) else repr(value)


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path or "body"
