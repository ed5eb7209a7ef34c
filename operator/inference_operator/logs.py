"""Log lines of the operator, the init container and the node's cache: one JSON object a line."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from inference_operator.api.quoting import visible

# Attributes of a log record that are fields of its line.
_EXTRAS = ("unit", "reason")


def log_line(
    created: float, level: str, logger: str, message: str, fields: Mapping[str, object]
) -> str:
    """Return `time`, `level`, `logger`, `message` and the fields that are not None.

    `created` is in seconds of Unix time. Characters that a terminal obeys are escaped as in JSON.
    """
    entry = {
        "time": datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "logger": logger,
        "message": message,
        **{name: value for name, value in fields.items() if value is not None},
    }
    line = json.dumps(entry, ensure_ascii=False, default=str)
    return visible(line, lambda character: json.dumps(character)[1:-1])


class JsonFormatter(logging.Formatter):
    """A formatter of log records, with `exception` for the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: getattr(record, name, None) for name in _EXTRAS}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return log_line(record.created, record.levelname, record.name, record.getMessage(), fields)


def configure(level: str) -> None:
    """Log to standard error; Kopf and aiohttp only from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("kopf").setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
