"""Log lines as JSON: fields, exceptions without messages, and texts that are hard to write."""

import json
import logging
import sys
from typing import Any

import pytest

from serving.gateway.logs import JsonLines


def line(message: str, *arguments: object, **more: Any) -> dict[str, Any]:
    record = logging.LogRecord("a.b", logging.INFO, __file__, 1, message, arguments, None)
    record.__dict__.update(more)
    text = JsonLines().format(record)
    assert "\n" not in text
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_a_line_has_its_time_level_and_fields() -> None:
    content = line("%d bars", 60, fields={"code": 200, "model": None})
    assert (content["message"], content["level"], content["logger"]) == ("60 bars", "INFO", "a.b")
    assert content["time"].endswith("+00:00")
    assert content["code"] == 200
    assert "model" not in content


@pytest.mark.parametrize("message", ["two\nlines", "\x1b[31m", '"quoted"', "\ud800", "\u2028"])
def test_any_text_is_one_line(message: str) -> None:
    assert line("%s", message)["message"] == message


def test_an_exception_has_places_and_no_message() -> None:
    try:
        try:
            raise KeyError("SECRET")
        except KeyError as error:
            raise ValueError("SECRET too") from error
    except ValueError:
        content = line("failed", exc_info=sys.exc_info())
    assert content["exception"][0] == "ValueError"
    assert "KeyError" in content["exception"]
    assert any("test_logs.py" in place for place in content["exception"])
    assert "SECRET" not in json.dumps(content)
