"""The command line: each command brings along only what it needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from inference_operator.cli.main import READER_GONE, main
from inference_operator.domain.kubectl_yaml import write_manifests
from tests.fakes.bodies import imodel

ROOT = Path(__file__).parents[3]


def imported(*words: str) -> set[str]:
    """Names of the modules that a command's `--help` imports, in a process of its own."""
    script = (
        "import sys\n"
        "from inference_operator.cli.main import main\n"
        f"try: main({list(words)!r})\n"
        "except SystemExit: pass\n"
        "print(*sorted(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def test_load_starts_without_kopf_pydantic_or_the_client() -> None:
    modules = imported("load", "--help")

    assert modules.isdisjoint(
        {"kopf", "pydantic", "aiohttp", "kubernetes", "onnx", "google.protobuf"}
    )


def test_plan_starts_without_kopf() -> None:
    assert "kopf" not in imported("plan", "--help")


@pytest.mark.parametrize("words", [("plan",), ("render",), ("render", "--help")])
def test_a_reader_that_goes_away_ends_a_command_without_a_traceback(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    manifest = tmp_path / "model.yaml"
    manifest.write_text(write_manifests([imodel()]))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "inference_operator.cli", *words, "-f", manifest],
        env={"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}", "PATH": "/usr/bin:/bin"},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (READER_GONE, "")


@pytest.mark.parametrize("name", ["run", "plan", "render", "load", "digest", "probe"])
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    assert ended.value.code == 0
    assert f"inference-operator {name}" in capsys.readouterr().out


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve"])

    assert ended.value.code == 2
    assert "invalid choice: 'serve'" in capsys.readouterr().err


def test_run_refuses_an_unusable_setting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFERENCE_OPERATOR_WORKERS", "none")

    assert main(["run"]) == 2
    assert capsys.readouterr().err.startswith(
        "inference-operator: INFERENCE_OPERATOR_WORKERS: found 'none': "
    )
