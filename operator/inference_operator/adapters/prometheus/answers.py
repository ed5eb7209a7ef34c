"""Frame of Prometheus' answers: what is no answer is refused, and warnings are read."""

import math
from collections.abc import Mapping
from typing import Any

from inference_operator.api.quoting import beginning
from inference_operator.domain.bounded_json import JsonLimits, JsonRefusedError, parse_json
from inference_operator.domain.measurement import Outage

INFINITY = "+Inf"
_WARNINGS, _WORDS_LENGTH = 5, 300


class AnswerRefusedError(Exception):
    """Prometheus' error, or an answer that is none of Prometheus; the message has its words."""

    def __init__(self, message: str, outage: Outage = Outage.REFUSED) -> None:
        super().__init__(message)
        self.outage = outage


def body_of(raw: bytes, limits: JsonLimits) -> Mapping[str, Any]:
    """Return the object of an answer that reports success.

    Raises:
        AnswerRefusedError: for an error, for what is not an answer, and beyond a limit.
    """
    try:
        body = parse_json(raw, limits)
    except JsonRefusedError as error:
        raise AnswerRefusedError(f"answered with JSON that is not read: {error}") from None
    except ValueError:
        text = beginning(raw[:_WORDS_LENGTH].decode("utf-8", "replace"), _WORDS_LENGTH)
        raise AnswerRefusedError(f"answered with text that is not JSON: {text!r}") from None
    if not isinstance(body, dict):
        raise AnswerRefusedError("answered with JSON that is not an object")
    if body.get("status") != "success":
        words = str(body.get("error") or body.get("errorType") or "no message")
        is_late = body.get("errorType") == "timeout"
        raise AnswerRefusedError(
            f"refused the query: {beginning(words, _WORDS_LENGTH)}",
            Outage.TIMED_OUT if is_late else Outage.REFUSED,
        )
    return body


def warnings_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the first warnings of an answer. With any, something may be missing."""
    given = body.get("warnings") or ()
    texts = given if isinstance(given, list) else [given] if given else []
    # VictoriaMetrics has a field of its own for an answer that lacks some of its storage nodes.
    partial = ["the answer is partial"] if body.get("isPartial") is True else []
    return tuple(beginning(str(text), _WORDS_LENGTH) for text in [*texts[:_WARNINGS], *partial])


def metric_of(row: Any) -> Mapping[str, Any]:
    """Return the labels of a row; AnswerRefusedError if it has none."""
    metric = row.get("metric") if isinstance(row, dict) else None
    if not isinstance(metric, dict):
        raise AnswerRefusedError("answered with a row that has no labels")
    return metric


def boundary_text(bound: float) -> str:
    """Return one text for a boundary, however it was written.

    >>> boundary_text(20.0), boundary_text(0.005), boundary_text(math.inf)
    ('20', '0.005', '+Inf')
    """
    return INFINITY if math.isinf(bound) else f"{bound:.15g}"
