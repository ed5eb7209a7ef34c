"""Log lines of the gateway and of uvicorn: one JSON object a line, on standard output."""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any


class JsonLines(logging.Formatter):
    """A formatter with `time`, `level`, `logger`, `process`, `message`, and a record's `fields`.

    Of an exception a line has the types and the places, and never the message: it may quote what a
    caller sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        fields: dict[str, Any] = getattr(record, "fields", {})
        line |= {name: value for name, value in fields.items() if value is not None}
        if record.exc_info and (error := record.exc_info[1]) is not None:
            line["exception"] = places_of(error)
        return json.dumps(line, default=str)


def places_of(error: BaseException) -> list[str]:
    """Return the type of an error, and of those that led to it, with the lines that they passed.

    >>> places_of(ValueError("a secret"))
    ['ValueError']
    """
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(lines) < 100:
        lines.append(type(cause).__name__)
        frames = traceback.extract_tb(cause.__traceback__)
        lines += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return lines


def config_of(level: str) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes; workers get it too, so it is plain data."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "serving.gateway.logs.JsonLines"}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stdout",
            }
        },
        "root": {"level": level, "handlers": ["stdout"]},
    }
