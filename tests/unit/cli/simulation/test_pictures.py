"""Pictures of simulated rollouts: they say what happened, and equal rollouts give equal files."""

import re
from pathlib import Path

import pytest
from matplotlib.image import imread

from inference_operator.cli.main import main
from inference_operator.cli.simulation.picture import _clock
from tests.unit.cli.simulation.traces import HEADER, model, row, simulate, trace

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "simulate.md"
_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


def texts(path: Path) -> list[str]:
    """Return the texts of an SVG in their order."""
    return [text.strip() for text in _TEXT.findall(path.read_text("utf-8"))]


def drawn(capsys: pytest.CaptureFixture[str], folder: Path, text: str, name: str) -> Path:
    path = folder / name
    status, _, err = simulate(capsys, folder, text, "-o", str(path))
    assert (status, err) == (0, "")
    return path


def test_a_picture_names_decisions_limits_evidence_and_verdicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = texts(drawn(capsys, tmp_path, trace(row(p95=30)), "a.svg"))

    assert any(re.fullmatch(r"InferenceModel/desk-7/fx-drift: aborted after \w+", t) for t in shown)
    assert any(re.fullmatch(r"\w+ RolloutAborted", text) for text in shown)
    expected = {"errors: 1 %", "p95: 20 ms", "p95 max is exceeded", "errors max is kept"}
    assert expected | {"decides: 100 to 1", "Fail", "LowTraffic", "before", "new"} <= set(shown)
    assert "not measured" not in shown


def test_what_is_not_measured_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = row(missing=""), row(time=60, missing="prometheus"), row(time=200, missing="")
    shown = texts(drawn(capsys, tmp_path, trace(*rows, header=f"{HEADER},missing"), "a.svg"))

    assert {"not measured", "Error", "Pass"} <= set(shown)


def test_a_rollout_that_is_not_judged_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.svg"
    body = model(rollout={})
    status, _, _ = simulate(capsys, tmp_path, trace(row()), "-o", str(path), body=body)

    assert status == 0
    assert "not judged" in texts(path)


def test_equal_rollouts_give_equal_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, again = (drawn(capsys, tmp_path, trace(row()), name) for name in ("a.svg", "b.svg"))

    assert first.read_bytes() == again.read_bytes()
    assert len(first.read_bytes()) < 150_000


def test_a_png_shows_something(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixels = imread(drawn(capsys, tmp_path, trace(row()), "a.png"))

    assert pixels.std() > 0.01


def test_a_picture_that_cannot_be_written_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "missing" / "a.svg"
    status, out, err = simulate(capsys, tmp_path, trace(row()), "-o", str(path))

    assert (status, out) == (2, "")
    assert "missing/a.svg: cannot be written: No such file or directory" in err


@pytest.mark.parametrize(("seconds", "text"), [(90, "1:30"), (-300, "-5:00"), (0, "0:00")])
def test_times_are_minutes_and_seconds(seconds: float, text: str) -> None:
    assert _clock(seconds) == text


def test_the_picture_of_the_page_is_what_the_command_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    command = re.search(r"^\$ inference-operator (simulate .*)$", PAGE.read_text(), re.MULTILINE)
    assert command is not None
    path = tmp_path / "slower.svg"
    assert main([*command[1].split(), "-o", str(path)]) == 0

    page = ROOT / "docs" / "simulate" / "slower.svg"
    assert texts(page) == texts(path), f"draw it again: {command[1]} -o {page}"
    assert page.stat().st_size < 150_000


def test_a_baseline_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    errors = {"name": "errors", "type": "ErrorRate", "maxRelative": "300%"}
    given = model()["spec"]["rollout"]["canary"]
    for compared, is_drawn in (("Baseline", True), ("Stable", False)):
        analysis = {"metrics": [errors], "comparedWith": compared}
        body = model(rollout={"canary": {**given, "analysis": analysis}})
        picture = tmp_path / f"{compared}.svg"
        words = ("-o", str(picture), "--duration", "10m")
        status, _, err = simulate(capsys, tmp_path, trace(row()), *words, body=body)
        assert (status, err) == (0, "")
        assert (">baseline<" in picture.read_text()) is is_drawn


def test_what_a_baseline_answers_is_drawn_where_the_trace_tells_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = {"name": "errors", "type": "ErrorRate", "maxRelative": "300%"}
    given = model()["spec"]["rollout"]["canary"]
    analysis = {"metrics": [errors], "comparedWith": "Baseline"}
    body = model(rollout={"canary": {**given, "analysis": analysis}})
    header = f"{HEADER},baseline_error_share,baseline_p50_ms,baseline_p95_ms"
    picture = tmp_path / "a.svg"
    words = ("-o", str(picture), "--duration", "10m")
    text = trace(f"{row()},0.004,9,17", header=header)
    status, _, err = simulate(capsys, tmp_path, text, *words, body=body)

    assert (status, err) == (0, "")
    # Pods, errors and latency.
    assert picture.read_text().count(">baseline<") == 3
