"""The program `kubectl-inference`: its arguments, its errors, and its page in the docs."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import pytest

from inference_operator.cli.rollout_commands import main as program
from inference_operator.cli.rollout_commands.change import RefusalError
from inference_operator.cli.rollout_commands.main import COMMANDS, INTERRUPTED, REFUSED, main

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "kubectl-inference.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nothing"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert f"usage: kubectl inference {command}" in printed
    assert "-n NAMESPACE" in printed


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("promote",),
        ("explode", "fx"),
        ("abort", "fx", "--timeout", "soon"),
        ("rollback", "fx", "--to", "3", "--undo"),
        ("status", "fx", "--watch", "-o", "json"),
        ("status", "fx", "--wait"),
    ],
)
def test_wrong_arguments_are_refused(words: Sequence[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_kubeconfig_it_says_so(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([command, "imodel/fx", "--kubeconfig", str(tmp_path / "absent")]) == 3
    assert "kubectl inference: no usable kubeconfig" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [(RefusalError("no\x1b[2J canary"), REFUSED), (KeyboardInterrupt(), INTERRUPTED)],
)
def test_a_refusal_is_one_safe_line(
    error: BaseException,
    code: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fails(_: object) -> int:
        raise error

    monkeypatch.setattr(program, "_run", fails)
    assert main(["abort", "fx"]) == code
    assert capsys.readouterr().err in ("kubectl inference: no\\u001b[2J canary\n", "")


def test_the_wheel_installs_the_program() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    module, _, function = scripts["kubectl-inference"].partition(":")

    assert getattr(import_module(module), function) is main


def test_it_starts_without_kopf() -> None:
    script = (
        "import sys; from inference_operator.cli.rollout_commands import main;"
        " sys.exit('kopf' in sys.modules)"
    )
    environment = {"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}", "PATH": "/usr/bin:/bin"}
    assert subprocess.run([sys.executable, "-c", script], env=environment).returncode == 0


@pytest.mark.parametrize(("command", "text"), COMMANDS.items())
def test_the_page_lists_every_command(command: str, text: str) -> None:
    rows = re.findall(r"^\| `([a-z-]+)[^`]*` \| ([^|]+) \|", PAGE, re.MULTILINE)

    assert (command, text) in [(name, words.strip()) for name, words in rows]


def test_the_page_shows_the_pictures_of_the_program() -> None:
    golden = (ROOT / "tests" / "unit" / "cli" / "golden").glob("*-80.txt")
    pictures = {path.name: path.read_text("utf-8") for path in golden}
    quoted = re.findall(r"^```text\n(InferenceModel .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    assert len(quoted) == 2
    assert set(quoted) <= set(pictures.values())
