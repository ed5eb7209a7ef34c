"""Pictures of simulated scaling: they say what happened, and equal plays give equal files."""

import re
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

from inference_operator.cli.main import main
from inference_operator.cli.scaling_simulation.manifest import played_of
from inference_operator.cli.scaling_simulation.picture import draw
from inference_operator.cli.scaling_simulation.scenario import Scenario, compared
from inference_operator.cli.scaling_simulation.service import Service
from inference_operator.cli.scaling_simulation.sweeps import BEGIN
from inference_operator.cli.scaling_simulation.traces import Known, TraceKind, trace_of
from inference_operator.domain.names import UnitKey
from tests.unit.cli.scaling_simulation.scaled import SHORT, model, simulate

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "autoscaling.md"
PICTURE = ROOT / "docs" / "simulate" / "scaling.svg"
_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")
WORDS = ("--trace", "ramp", *SHORT, "--peak", "3")


def texts(path: Path) -> list[str]:
    """Return the texts of an SVG in their order."""
    return [text.strip() for text in _TEXT.findall(path.read_text("utf-8"))]


def test_a_picture_shows_load_pods_latency_and_reasons(tmp_path: Path) -> None:
    body = model()
    played = played_of(UnitKey("InferenceModel", "desk-7", "fx-drift"), body["spec"])
    facts = Known(Service(0.06, 0.02, 8, 0.001), peak=20.0)
    trace = trace_of(TraceKind.OUTAGE_AT_PEAK, 1, 600.0, facts)
    result = compared(Scenario(played, trace, BEGIN))
    first, again, bitmap = (tmp_path / name for name in ("a.svg", "b.svg", "a.png"))
    for path in (first, again, bitmap):
        draw(result, path)

    shown = set(texts(first))
    assert {"load", "no metrics", "operator", "HPA", "KEDA", "SLO: 551 ms"} <= shown
    assert {"Requests a second", "Reason of the operator's decision", "ScalingHeld"} <= shown
    assert any(re.fullmatch(r"operator: \d+ bad min", text) for text in shown)
    assert first.read_bytes() == again.read_bytes()
    assert len(first.read_bytes()) < 150_000
    assert imread(bitmap).std() > 0.01


def test_a_picture_that_cannot_be_written_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    status, out, err = simulate(capsys, tmp_path, *WORDS, "-o", str(tmp_path / "file"))

    assert (status, out) == (2, "")
    assert "file: cannot be written: File exists" in err


def test_without_matplotlib_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, out, err = simulate(capsys, tmp_path, *WORDS, "-o", str(tmp_path / "a"))

    assert (status, out) == (2, "")
    assert "install inference-operator[simulate], or leave out --output" in err


def test_the_picture_of_the_page_is_what_the_command_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    command = re.search(r"^\$ inference-operator (simulate .*)$", PAGE.read_text(), re.MULTILINE)
    assert command is not None
    folder = tmp_path / "made" / "too"
    assert main([*command[1].split(), "-o", str(folder)]) == 0
    printed = capsys.readouterr().out.splitlines()

    drawn = texts(folder / "scaling.svg")
    assert (folder / "scaling.png").stat().st_size > 10_000
    assert texts(PICTURE) == drawn, f"draw it again: {command[1]}, and copy it to {PICTURE}"
    assert PICTURE.stat().st_size < 150_000
    block = PAGE.read_text().split(command[0] + "\n")[1].split("\n```")[0]
    shown = [line for line in block.splitlines() if line not in ("", "...")]
    assert set(shown) <= set(printed), sorted(set(shown) - set(printed))
