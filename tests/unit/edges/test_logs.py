"""Logs: one JSON object a line."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inference_operator.load.transfer.progress import log
from inference_operator.logs import JsonFormatter


def logged(message: str, *args: object, **more: Any) -> dict[str, Any]:
    record = logging.LogRecord("operator", logging.WARNING, "f.py", 1, message, args, None)
    record.created = 1_935_000_000.25
    record.__dict__.update(more)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    entry: dict[str, Any] = json.loads(line)
    return entry


def test_a_line_is_an_object() -> None:
    assert logged("took %d ms", 7) == {
        "time": "2031-04-26T20:00:00.250+00:00",
        "level": "WARNING",
        "logger": "operator",
        "message": "took 7 ms",
    }


def test_the_key_of_the_object_is_a_field() -> None:
    entry = logged("x", unit="InferenceModel/desk-7/fx-drift", reason="Promoted")

    assert (entry["unit"], entry["reason"]) == ("InferenceModel/desk-7/fx-drift", "Promoted")


def test_a_traceback_stays_on_its_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        entry = logged("failed", exc_info=sys.exc_info())

    assert "ValueError: two\nlines" in entry["exception"]


def test_letters_of_any_language_are_written_as_they_are() -> None:
    assert logged("größer ≥ 3")["message"] == "größer ≥ 3"


def test_nothing_that_a_terminal_obeys_is_in_a_line() -> None:
    text = "\x1b[2J\x7f\x9b\u2028\u202e\ud800\U000e0001\nforged"
    record = logging.LogRecord("operator", logging.WARNING, "f.py", 1, "%s", (text,), None)
    line = JsonFormatter().format(record)

    assert line.isprintable()
    assert json.loads(line)["message"] == text
    line.encode()


def test_a_line_of_the_init_container_has_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    log("größer\x1b[2J\u202e", "WARNING", bytes=7, total=None, error=OSError("a\nb"))

    line = capsys.readouterr().err.removesuffix("\n")
    assert line.isprintable()
    entry = json.loads(line)
    assert list(entry) == [*logged("x"), "bytes", "error"]
    assert entry.pop("time") > "2020"
    assert entry == {
        "level": "WARNING",
        "logger": "inference_operator.load",
        "message": "größer\x1b[2J\u202e",
        "bytes": 7,
        "error": "a\nb",
    }


LIBRARY = """
import logging, sys
import inference_operator.load.plan
from inference_operator.cli.main import main

warn = logging.getLogger("urllib3").warning
inference_operator.load.plan.read_plan = lambda folder: warn("a\\nb") or ()
main(["load", "--output", sys.argv[1], "--termination-log", "/dev/null"])
"""


def test_a_library_of_the_init_container_logs_lines_of_that_form(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIBRARY, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)

    first, last = map(json.loads, done.stderr.splitlines())
    assert (first["level"], first["logger"], first["message"]) == ("WARNING", "urllib3", "a\nb")
    assert (last["level"], last["logger"]) == ("INFO", "inference_operator.load")
