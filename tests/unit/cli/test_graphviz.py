"""Graphviz' `dot` as a program that may be missing, fail, or take too long."""

from collections.abc import Callable
from pathlib import Path

import pytest

from inference_operator.cli import graphviz
from inference_operator.cli.documents import InputError
from tests.fakes.bodies import epipe, imodel
from tests.unit.cli.graph_command import MODEL, output_of, written

FakeDot = Callable[[str], Path]


@pytest.fixture
def fake_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDot:
    """Return a function that makes a script the only program on PATH; it returns the folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(script: str) -> Path:
        program = folder / "dot"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return folder

    return make


def test_dot_reads_the_graph_from_stdin_and_its_output_is_the_drawing(
    fake_dot: FakeDot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_dot('echo "<svg $*>"; while read -r line; do echo "$line"; done; echo warning >&2')
    drawing = tmp_path / "pipeline.svg"
    status, out, err = output_of(
        capsys, "-f", written(tmp_path, epipe(maxBatchSize=8), imodel(model=MODEL)), "-o", drawing
    )

    assert (status, out, err) == (0, "", "")
    first, second, *_, last = drawing.read_text().splitlines()
    assert (first, second, last) == ("<svg -Tsvg>", 'digraph "fx-signal" {', "}")


@pytest.mark.usefixtures("fake_dot")
def test_a_missing_dot_is_2_and_the_error_says_how_to_install_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawing = tmp_path / "pipeline.svg"
    status, out, err = output_of(capsys, "-f", written(tmp_path, epipe(), imodel()), "-o", drawing)

    assert (status, out) == (2, "")
    assert err == (
        "inference-operator: --format svg needs the program dot of Graphviz, and PATH has none;"
        " install it (Debian: apt-get install graphviz), or choose --format mermaid or dot, which"
        " need no Graphviz\n"
    )
    assert not drawing.exists()


@pytest.mark.usefixtures("fake_dot")
@pytest.mark.parametrize("words", [(), ("--format", "dot"), ("-o", "x.dot"), ("-o", "x.gv")])
def test_mermaid_and_dot_need_no_graphviz(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, epipe(maxBatchSize=8), imodel(model=MODEL))
    status, out, err = output_of(capsys, "-f", path, *words)

    assert (status, err) == (0, "")
    text = Path(words[1]).read_text() if "-o" in words else out
    assert ("digraph " if words else "flowchart LR") in text


def test_a_dot_that_fails_is_reported_with_its_words(fake_dot: FakeDot) -> None:
    fake_dot('echo "Error: syntax error" >&2; echo "in line 3" >&2; exit 1')
    with pytest.raises(
        InputError, match=r"^dot: failed with status 1: Error: syntax error in line 3; or choose"
    ):
        graphviz.svg("digraph {}")


def test_a_dot_that_cannot_be_started_is_reported(fake_dot: FakeDot) -> None:
    (fake_dot("") / "dot").chmod(0o644)
    with pytest.raises(InputError, match=r"^dot: cannot be started: Permission denied; or choose"):
        graphviz.svg("digraph {}")


def test_a_dot_that_takes_too_long_is_ended_and_reported(fake_dot: FakeDot, tmp_path: Path) -> None:
    fake_dot(f'echo $$ > "{tmp_path}/pid"; while :; do :; done')
    with pytest.raises(InputError, match=r"^dot: stopped after 2 s without a drawing; draw a"):
        graphviz.svg("digraph {}", seconds=2)
    pid = (tmp_path / "pid").read_text().strip()
    assert not Path(f"/proc/{pid}").exists()
