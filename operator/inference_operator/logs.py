"""Structured logs: one JSON object a line, with the object's key where there is one."""

import json
import logging
import sys
from datetime import UTC, datetime

_EXTRAS = ("unit", "reason")


class JsonFormatter(logging.Formatter):
    """`time`, `level`, `logger`, `message`, the extras, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in _EXTRAS:
            if (value := getattr(record, name, None)) is not None:
                entry[name] = str(value)
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return _visible(json.dumps(entry, ensure_ascii=False))


def _visible(line: str) -> str:
    """Return the JSON with escapes also for what it may hold as it is: a terminal obeys some of it,
    readers of lines end one at others, and lone surrogates cannot be written."""
    if line.isprintable():
        return line
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in line)


def configure(level: str) -> None:
    """Log to standard error; Kopf's own chatter only from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("kopf").setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
