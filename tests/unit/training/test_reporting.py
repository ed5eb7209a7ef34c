"""The page for people says what the file for programs holds, the verdict first."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unit.training.windows import samples
from training.data.prices import Split
from training.loop import fit
from training.price_task import price_task
from training.profiles import PLANS, Profile
from training.reporting import Report, described, spans, write_report
from training.settings import Settings

GRU = "gru_price_predictor"


@pytest.fixture(scope="module")
def content() -> Report:
    torch.set_num_threads(1)
    parts = Split(samples(16, 1), samples(8, 2), samples(8, 3))
    fitted = fit(price_task(GRU, parts), Settings(epochs=1))
    share = {"share": 0.5, "cases": 8, "interval95": [0.2, 0.8]}
    return {
        **described(fitted, PLANS[GRU][Profile.DEMO]),
        "split": spans(parts),
        "verdict": "no better than naive",
        "test": {
            "errors": {"model": {"rootMeanSquareError": 0.02}},
            "direction": {"model": share, "nobody": {"share": None, "cases": 0}},
        },
        "coverage": {"byLevel": {"0.9": 0.94}},
        "export": {"onnx": 1e-7},
    }


def page(content: dict[str, Any], folder: Path) -> str:
    write_report(GRU, content, folder)
    return (folder / "report.md").read_text()


def test_the_verdict_comes_first(content: Report, tmp_path: Path) -> None:
    lines = page(content, tmp_path).splitlines()
    assert lines[:3] == [f"# {GRU}", "", "no better than naive"]


def test_both_files_hold_the_same(content: Report, tmp_path: Path) -> None:
    text = page(content, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(content))
    assert "| model | 0.02000 |" in text
    assert "| model | 0.50000 | 8 | 0.20000 to 0.80000 |" in text
    assert "| 0.9 | 0.940 |" in text
    assert "onnx 1.0e-07" in text


def test_a_share_of_no_cases_is_left_out(content: Report, tmp_path: Path) -> None:
    assert "nobody" not in page(content, tmp_path)


def test_pictures_that_are_there_are_shown(content: Report, tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "loss.png").write_bytes(b"")
    assert "![loss](plots/loss.png)" in page(content, tmp_path)


def test_what_is_needed_to_repeat_it_is_there(content: Report) -> None:
    assert content["settings"]["seed"] == 7
    assert content["bestEpoch"] == 1
    assert len(content["samplesSha256"]) == 64
    assert content["split"]["train"] == {
        "samples": 16,
        "first": "2000-11-02",
        "last": "2001-01-17",
    }


def test_a_figure_that_is_not_a_number_is_no_report(content: Report, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        page({**content, "export": {"onnx": float("nan")}}, tmp_path)
    assert not (tmp_path / "report.json").exists()
