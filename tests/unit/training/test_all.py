"""Which models `make train` takes, and the one that is not trained."""

import json
from pathlib import Path

import pytest

from training.all import chosen, main
from training.combiner import make_combiner
from training.models.catalog import MODELS
from training.served_file import Format, check_answer
from training.trained import read_trained

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def test_all_shipped_models_by_default() -> None:
    assert chosen("") == list(MODELS)


def test_some_in_the_order_that_was_asked_for() -> None:
    names = ["gru_price_predictor", "lstm_price_predictor"]
    assert chosen(", ".join(names)) == names


def test_a_stranger_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["--tracking-uri", "http://127.0.0.1:9", "--output", str(tmp_path)]
    with pytest.raises(SystemExit):
        main([*words, "--models", "lstm"])
    assert "--models: found lstm, expected of lstm_price_predictor" in capsys.readouterr().err


@pytest.mark.parametrize("served", list(Format))
def test_the_combiner_answers_in_both_formats(tmp_path: Path, served: Format) -> None:
    make_combiner(tmp_path / "combiner")
    check_answer(read_trained(tmp_path / "combiner"), served)


def test_the_combiner_says_that_nothing_of_it_was_trained(tmp_path: Path) -> None:
    make_combiner(tmp_path / "combiner")
    report = json.loads((tmp_path / "combiner" / "report.json").read_text())
    assert report["verdict"].startswith("Not trained: ")
    assert report["settings"]["priceWeight"] == pytest.approx(0.8)
