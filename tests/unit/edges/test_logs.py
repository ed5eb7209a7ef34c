"""Logs: one JSON object a line."""

import json
import logging
import sys
from typing import Any

from inference_operator.logs import JsonFormatter


def logged(message: str, *args: object, **more: Any) -> dict[str, Any]:
    record = logging.LogRecord("operator", logging.WARNING, "f.py", 1, message, args, None)
    record.created = 1_935_000_000.25
    record.__dict__.update(more)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_line_is_an_object() -> None:
    assert logged("took %d ms", 7) == {
        "time": "2031-04-26T20:00:00.250+00:00",
        "level": "WARNING",
        "logger": "operator",
        "message": "took 7 ms",
    }


def test_the_key_of_the_object_is_a_field() -> None:
    found = logged("x", unit="InferenceModel/desk-7/fx-drift", reason="Promoted")

    assert (found["unit"], found["reason"]) == ("InferenceModel/desk-7/fx-drift", "Promoted")


def test_a_traceback_stays_on_its_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        found = logged("failed", exc_info=sys.exc_info())

    assert "ValueError: two\nlines" in found["exception"]


def test_letters_of_any_language_are_written_as_they_are() -> None:
    assert logged("größer ≥ 3")["message"] == "größer ≥ 3"


def test_nothing_that_a_terminal_obeys_is_in_a_line() -> None:
    text = "\x1b[2J\x7f\x9b\u2028\u202e\ud800\U000e0001\nforged"
    record = logging.LogRecord("operator", logging.WARNING, "f.py", 1, "%s", (text,), None)
    line = JsonFormatter().format(record)

    assert line.isprintable()
    assert json.loads(line)["message"] == text
    line.encode()
