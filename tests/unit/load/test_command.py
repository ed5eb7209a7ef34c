"""Arguments, exit codes and the termination log of `load` and `digest`."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGTERM, getsignal, signal

import pytest

from inference_operator.api.problem import joined
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.repository_plan import PLAN_FILE
from inference_operator.load.command import add_parser


def parse(*words: str | Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    return parser.parse_args([str(word) for word in words])


@pytest.fixture(autouse=True)
def own_sigterm() -> Iterator[None]:
    before = getsignal(SIGTERM)
    yield
    signal(SIGTERM, before)


def test_the_defaults_are_the_pods_mounts() -> None:
    given = parse("load")
    assert str(given.plan) == "/etc/inference-operator/repository"
    assert str(given.output) == "/models"
    assert str(given.credentials) == "/etc/inference-operator/credentials"
    assert str(given.claims) == "/mnt/claims"
    assert str(given.termination_log) == "/dev/termination-log"


def test_the_limit_of_size_comes_from_the_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse("load").size_limit is None
    monkeypatch.setenv("INFERENCE_OPERATOR_SIZE_LIMIT", "21474836480")
    assert parse("load").size_limit == 20 << 30
    assert parse("load", "--size-limit", "7").size_limit == 7


@pytest.mark.parametrize("size", ["0", "-1", "20Gi", ""])
def test_a_limit_that_is_no_number_of_bytes_is_refused(
    size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse("load", f"--size-limit={size}")
    assert f"found {size!r}, expected a number of bytes, 1 or more" in capsys.readouterr().err


def run(tmp_path: Path, plan: str | None) -> tuple[int, LoadReport]:
    if plan is not None:
        (tmp_path / PLAN_FILE).write_text(plan)
        (tmp_path / "scorer.config.pbtxt").write_text('name: "scorer" backend: "python"')
    log = tmp_path / "termination-log"
    words = ("--plan", tmp_path, "--output", tmp_path, "--claims", tmp_path / "claims")
    given = parse("load", *words, "--termination-log", log)
    code = given.func(given)
    report = LoadReport.from_json(log.read_text())
    assert report is not None
    return code, report


def test_a_failure_exits_1_and_says_why_on_the_termination_log(tmp_path: Path) -> None:
    model = {"name": "scorer", "version": 1, "format": "python", "source": {"uri": "pvc://w/x"}}
    code, report = run(tmp_path, json.dumps({"models": [model]}))
    assert (code, report.reason) == (1, "ClaimNotFound")
    assert "pvc://w/x" in report.message
    assert report.message == f"scorer: {joined(report.problems)}"
    assert (report.model, report.problems[0].path) == ("scorer", "spec.model.source.uri")


@pytest.mark.parametrize("plan", [None, "{"])
def test_an_unusable_plan_exits_2(tmp_path: Path, plan: str | None) -> None:
    code, report = run(tmp_path, plan)
    assert (code, report.reason) == (2, "FetchFailed")
    assert "the repository plan is unusable" in report.message


def test_a_bug_is_reported_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr("inference_operator.load.plan.read_plan", broken)
    code, report = run(tmp_path, None)
    assert (code, report.reason) == (1, "FetchFailed")
    assert "unexpected RuntimeError: no such thing" in report.message


def test_a_termination_log_that_cannot_be_written_is_no_failure_of_its_own(tmp_path: Path) -> None:
    given = parse("load", "--plan", tmp_path, "--termination-log", tmp_path / "no" / "log")
    assert given.func(given) == 2


def test_digest_prints_what_the_spec_pins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").write_bytes(b"")
    given = parse("digest", tmp_path / "empty")
    assert given.func(given) == 0
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert capsys.readouterr().out == f"{empty}\n"


def test_digest_of_what_is_not_there_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = parse("digest", tmp_path / "nothing")
    assert given.func(given) == 2
    assert "No such file" in capsys.readouterr().err


def test_loading_imports_neither_kopf_nor_kubernetes() -> None:
    code = (
        "import sys, inference_operator.load.command, inference_operator.load.loader;"
        "heavy = ('kopf', 'kubernetes', 'aiohttp', 'pydantic', 'onnx', 'google.protobuf', 'boto3',"
        " 'botocore', 'requests', 'google.auth', 'google.cloud.storage');"
        "print([m for m in heavy if m in sys.modules])"
    )
    source = Path(sys.modules["inference_operator"].__path__[0]).parent
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(source)},
    )
    assert done.stdout.strip() == "[]"
