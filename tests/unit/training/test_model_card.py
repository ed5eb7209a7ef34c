"""What a person reads about a version before it serves."""

import math
from pathlib import Path

import pytest

from tests.trained_folders import REPORT, torchscript_folder
from training.model_card import flat, model_card
from training.trained import read_trained

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def test_the_verdict_comes_before_every_figure(tmp_path: Path) -> None:
    card = model_card("price", read_trained(torchscript_folder(tmp_path / "trained")), "c0ffee")
    lines = card.splitlines()
    assert lines[:3] == ["# price", "", REPORT["verdict"]]


def test_the_card_names_data_tensors_settings_and_sources(tmp_path: Path) -> None:
    card = model_card("price", read_trained(torchscript_folder(tmp_path / "trained")), "c0ffee")
    for text in (
        f"bokeh-sampledata stocks, sha256 `{'ab' * 32}`.",
        "| test | 366 | 2011-08-09 | 2013-02-28 |",
        "| input `ohlcv` | FP32 | [-1, 60, 5] |",
        "| output `OUTPUT__1` | FP32 | [-1, 2] |",
        "| model.meanAbsoluteError | 0.0125 |",
        "| seed | 7 |",
        "Git commit `c0ffee`.",
    ):
        assert text in card


def test_only_finite_numbers_are_metrics() -> None:
    content = {"a": {"b": 1, "c": None, "d": math.nan, "e": math.inf, "f": "text"}, "g": 0.5}
    assert flat(content) == {"a.b": 1.0, "g": 0.5}


def test_bounds_of_an_interval_are_metrics_by_their_place() -> None:
    assert flat({"share": {"interval": [0.47, 0.57]}}) == {
        "share.interval.0": 0.47,
        "share.interval.1": 0.57,
    }
