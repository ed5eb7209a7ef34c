"""Wrong inputs of `load`: each ends as a sentence, none as the name of an exception."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from inference_operator.load.command import add_parser
from tests.unit.load.test_command import own_sigterm, parse

__all__ = ["add_parser", "own_sigterm"]

NAMED = re.compile(r"unexpected|\b[A-Z]\w+(Error|Exception)\b")
MODEL = {"name": "m", "version": 1, "format": "onnx", "source": {"uri": "pvc://c/model.onnx"}}

# What the plan says of its model, against a part of the answer.
PLANS: dict[str, tuple[dict[str, Any], str]] = {
    "half a character in a name": ({"name": "\ud800"}, "models[0].name: found '\\ud800'"),
    "half a character in a path": ({"uri": "pvc://c/\ud800"}, "models[0].source.uri: found"),
    "half a character in a key": ({"uri": "s3://b/\ud800"}, "models[0].source.uri: found"),
    "a NUL in a path": ({"uri": "pvc://c/\0"}, "models[0].source.uri: found 'pvc://c/\\u0000'"),
    "a line end": ({"uri": "https://127.0.0.1/x\ny"}, "no control characters"),
    "no bucket": ({"uri": "gs:///x"}, "expected the name of a host, bucket or claim"),
    "no host": ({"uri": "https:///x"}, "expected the name of a host, bucket or claim"),
    "a name that is too long": ({"uri": f"pvc://c/{'x' * 300}"}, "m: spec.model.source.uri: "),
    "a path that is too deep": ({"uri": f"pvc://c/{'x/' * 3000}"}, "m: spec.model.source.uri: "),
    "no port": ({"uri": "https://127.0.0.1:port/x"}, "is not a valid address"),
    "half an address": ({"uri": "https://[::1/x"}, "is not a valid address"),
    "an empty label": ({"uri": "https://a..b/x"}, "is not a valid address"),
    "a long label": ({"uri": f"https://{'a' * 70}.test/x"}, "is not a valid address"),
    "a space": ({"uri": "https://127.0.0.1/a b"}, "is not a valid address"),
    "a number of 5000 digits": ({"version": 10**60}, "models[0].version: found"),
}
CONFIGS: dict[str, bytes] = {
    "no UTF-8": b'name: "\xff"',
    "bytes that are no UTF-8": b'name: "\\377"',
    "half a character": b'name: "\\ud800"',
    "a number of 5000 digits": b"max_batch_size: " + b"1" * 5000,
    "a number of 9000 digits": b"max_batch_size: 0x" + b"f" * 9000,
    "messages in messages": b"sequence_batching { oldest { " * 3000,
    "a NUL": b"\0",
    "no such character": b'name: "\\U99999999"',
    "no escape": b'name: "\\xZZ"',
    "no end": b'name: "abc',
    "no extension": b"[type.googleapis.com/x.Y] { }",
}


def answer(folder: Path, plan: bytes, config: bytes = b'name: "m"', *more: str) -> str:
    claims, log = folder / "claims", folder / "log"
    (claims / "c").mkdir(parents=True)
    (folder / "plan").mkdir()
    (folder / "plan" / "plan.json").write_bytes(plan)
    (folder / "plan" / "m.config.pbtxt").write_bytes(config)
    words = ("--plan", folder / "plan", "--output", folder, "--claims", claims, *more)
    given = parse("load", *words, "--termination-log", log)
    assert given.func(given) in (1, 2)
    message: str = json.loads(log.read_text("utf-8"))["message"]
    assert message.isprintable()
    assert not NAMED.search(message.partition("is not a valid address")[0])
    return message


def planned(**changes: Any) -> bytes:
    uri = changes.pop("uri", MODEL["source"]["uri"])  # type: ignore[index]
    return json.dumps({"models": [{**MODEL, "source": {"uri": uri}, **changes}]}).encode()


@pytest.mark.parametrize(("changes", "part"), PLANS.values(), ids=PLANS)
def test_a_wrong_plan_is_answered_with_a_sentence(
    tmp_path: Path, changes: dict[str, Any], part: str
) -> None:
    assert part in answer(tmp_path, planned(**changes))


@pytest.mark.parametrize("plan", [b"\xff\xfe", b"{", b"[" * 9000, b'{"models": NaN}', b"\0"])
def test_what_is_no_plan_is_answered_with_a_sentence(tmp_path: Path, plan: bytes) -> None:
    assert "the repository plan is unusable" in answer(tmp_path, plan)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_wrong_config_is_answered_with_a_sentence(tmp_path: Path, config: bytes) -> None:
    assert "config.pbtxt" in answer(tmp_path, planned(), config)


@pytest.mark.parametrize("url", ["http://[bad", "nonsense", "http://127.0.0.1:port"])
def test_without_the_cache_a_pod_starts_all_the_same(tmp_path: Path, url: str) -> None:
    assert "pvc://c/model.onnx" in answer(tmp_path, planned(), b'name: "m"', "--cache", url)


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("maximum recursion depth")])
def test_what_is_too_large_to_check_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def broken(folder: Path) -> None:
        raise error

    monkeypatch.setattr("inference_operator.load.plan.read_plan", broken)
    log = tmp_path / "log"
    given = parse("load", "--plan", tmp_path, "--termination-log", log)

    assert given.func(given) == 1
    assert "export a smaller or less nested model" in log.read_text()


def test_a_foreign_line_end_begins_no_line_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(folder: Path) -> None:
        raise RuntimeError('a\n{"level": "INFO", "message": "forged"}\x1b[2J\u202e')

    monkeypatch.setattr("inference_operator.load.plan.read_plan", broken)
    given = parse("load", "--plan", tmp_path, "--termination-log", tmp_path / "log")
    given.func(given)

    for line in capsys.readouterr().err.splitlines():
        assert json.loads(line)["level"] == "ERROR"
        assert line.isprintable()
